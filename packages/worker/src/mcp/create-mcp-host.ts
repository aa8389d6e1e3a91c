/**
 * Runs the home's servers of tools: each at most once, from its first use until it has been idle for ten minutes, within its memory. A server that
 * crashes three times in ten minutes is off until Roost starts again, and the person is told.
 */
import { RoostError, sleepUntilAborted, toRoostError, type JsonObject, type Logger } from "@roost/base";
import { plainLine } from "@roost/base/text-width";
import type { SecretSources, ToolServerSettings } from "@roost/memory/settings";
import { openConnection, type ServerConnection, type ServerCall, type ServerTools } from "./open-connection.ts";
import { readProcessTree } from "@roost/sandbox";

export interface HostLimits {
  idleMs: number;
  bytesMax: number;
  /** How often memory and idleness are looked at. */
  lookMs: number;
  crashesMax: number;
  crashWindowMs: number;
}

const hostLimits: HostLimits = {
  idleMs: 600_000,
  bytesMax: 512 * 1024 * 1024,
  lookMs: 2_000,
  crashesMax: 3,
  crashWindowMs: 600_000,
};

export interface McpHostOptions {
  servers: Readonly<Record<string, ToolServerSettings>>;
  secrets: SecretSources;
  logger: Logger;
  /** Tells the person, once for each server that is off: with what it said last. */
  tell: (text: string, server: string) => Promise<void>;
  /** Keeps what a server has, for runs that begin while it is not running. */
  keepList: (server: string, list: ServerTools) => Promise<void>;
  nowMs: () => number;
  limits?: Partial<HostLimits>;
}

export interface McpHost extends AsyncDisposable {
  list(server: string): Promise<ServerTools>;
  call(server: string, call: ServerCall, signal: AbortSignal): Promise<JsonObject>;
  /** Those that run now, with the processes of each. */
  running(): { server: string; pid: number | undefined }[];
}

interface Slot {
  opening: Promise<void> | undefined;
  connection: ServerConnection | undefined;
  list: ServerTools | undefined;
  calls: number;
  usedMs: number;
  crashes: number[];
  /** Why it is off. */
  off: string | undefined;
}

export function createMcpHost(options: McpHostOptions): McpHost {
  return new Host(options);
}

class Host implements McpHost {
  readonly #options: McpHostOptions;
  readonly #limits: HostLimits;
  readonly #slots = new Map<string, Slot>();
  readonly #stop = new AbortController();
  #watching: Promise<void> | undefined;

  constructor(options: McpHostOptions) {
    this.#options = options;
    this.#limits = { ...hostLimits, ...options.limits };
  }

  list(server: string): Promise<ServerTools> {
    return this.#using(server, async () => {
      const { list } = this.#slotOf(server);
      if (list === undefined) throw new RoostError("unavailable", `the tools of ${server} are not known`);
      return list;
    });
  }

  call(server: string, call: ServerCall, signal: AbortSignal): Promise<JsonObject> {
    return this.#using(server, (connection) => connection.call(call, signal));
  }

  running(): { server: string; pid: number | undefined }[] {
    return [...this.#slots].flatMap(([server, { connection }]) =>
      connection === undefined ? [] : [{ server, pid: connection.pid }],
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error("The worker is stopping"));
    await this.#watching;
    await Promise.all([...this.#slots.values()].map(stopSlot));
  }

  #slotOf(server: string): Slot {
    const known = this.#slots.get(server);
    if (known !== undefined) return known;
    const fresh = {
      opening: undefined,
      connection: undefined,
      list: undefined,
      calls: 0,
      usedMs: 0,
      crashes: [],
      off: undefined,
    };
    this.#slots.set(server, fresh);
    return fresh;
  }

  /** In use, so that it is not taken for idle. */
  async #using<T>(server: string, work: (connection: ServerConnection) => Promise<T>): Promise<T> {
    const settings = this.#options.servers[server];
    if (settings === undefined)
      throw new RoostError("not_found", `roost.yaml has no server of tools called ${server} under mcp`);
    const slot = this.#slotOf(server);
    if (slot.off !== undefined) throw new RoostError("unavailable", slot.off);
    slot.calls += 1;
    try {
      slot.opening ??= slot.connection === undefined ? this.#open(server, settings, slot) : undefined;
      await slot.opening;
      if (slot.connection === undefined)
        throw new RoostError("unavailable", `the server of tools ${server} has just ended`);
      return await work(slot.connection);
    } finally {
      slot.calls -= 1;
      slot.usedMs = this.#options.nowMs();
    }
  }

  async #open(server: string, settings: ToolServerSettings, slot: Slot): Promise<void> {
    try {
      const { secrets, logger } = this.#options;
      const connection = await openConnection(settings, { secrets, signal: this.#stop.signal });
      this.#watching ??= this.#watch();
      void connection.closed.then(() => this.#ended(server, slot, connection));
      slot.connection = connection;
      slot.list = await connection.list(this.#stop.signal);
      await this.#options.keepList(server, slot.list);
      logger.info("A server of tools is running", { server, pid: connection.pid });
    } catch (error) {
      await stopSlot(slot);
      if (!this.#stop.signal.aborted) await this.#noteCrash(server, slot, toRoostError(error).message);
      throw error;
    } finally {
      slot.opening = undefined;
    }
  }

  /** One that was stopped is no longer its slot's. */
  async #ended(server: string, slot: Slot, connection: ServerConnection): Promise<void> {
    if (slot.connection !== connection) return;
    await stopSlot(slot);
    if (!this.#stop.signal.aborted) await this.#noteCrash(server, slot, connection.stderr() || "it ended by itself");
  }

  async #noteCrash(server: string, slot: Slot, why: string): Promise<void> {
    const { crashesMax, crashWindowMs } = this.#limits;
    const nowMs = this.#options.nowMs();
    slot.crashes = [...slot.crashes.filter((at) => at > nowMs - crashWindowMs), nowMs];
    this.#options.logger.warn("A server of tools has crashed", { server, crashes: slot.crashes.length, why });
    if (slot.crashes.length < crashesMax || slot.off !== undefined) return;
    slot.off = `the server of tools ${server} crashed ${crashesMax} times within ${crashWindowMs / 60_000} minutes and is off until Roost is started again`;
    const text = `${slot.off}. Look at its command under mcp in roost.yaml. It last said: ${plainLine(why.slice(0, 500))}`;
    await this.#options.tell(`${text[0]!.toUpperCase()}${text.slice(1)}`, server).catch((error: unknown) => {
      this.#options.logger.warn("A notice could not be raised", { error: toRoostError(error).message });
    });
  }

  async #watch(): Promise<void> {
    while (await sleepUntilAborted(this.#limits.lookMs, { signal: this.#stop.signal })) {
      for (const [server, slot] of this.#slots) await this.#look(server, slot);
    }
  }

  async #look(server: string, slot: Slot): Promise<void> {
    const { connection } = slot;
    if (connection === undefined || slot.opening !== undefined) return;
    const { idleMs, bytesMax } = this.#limits;
    if (slot.calls === 0 && this.#options.nowMs() - slot.usedMs >= idleMs) {
      this.#options.logger.info("A server of tools is idle and is stopped", { server });
      return stopSlot(slot);
    }
    if (connection.pid === undefined) return;
    const { bytes } = await readProcessTree(connection.pid);
    if (bytes <= bytesMax || slot.connection !== connection) return;
    await stopSlot(slot);
    await this.#noteCrash(server, slot, `it held ${toMib(bytes)} MiB (limit ${toMib(bytesMax)})`);
  }
}

function toMib(bytes: number): number {
  return Math.round(bytes / 1024 / 1024);
}

async function stopSlot(slot: Slot): Promise<void> {
  const { connection } = slot;
  slot.connection = undefined;
  await connection?.close();
}
