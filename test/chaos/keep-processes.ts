/** Keeps a number of attacked processes alive: who is killed is replaced at once, who is stopped is continued later. */
import { spawn, type ChildProcess, type StdioOptions } from "node:child_process";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { dirname, join } from "node:path";
import { getCompileCacheDir } from "node:module";
import { fileURLToPath } from "node:url";
import { delay } from "@roost/base";
import type { ChaosProcessOptions } from "./chaos-process.ts";
import type { RandomSource } from "./random-source.ts";

export interface KeptProcesses {
  /** How often a process was started. */
  readonly startCount: number;
  /** What ended without being killed, and how. */
  readonly unexpected: readonly string[];
  /** Whether no process writes events. */
  setQuiet(isQuiet: boolean): void;
  /** Resolves when each has said that it is open. */
  ready(): Promise<void>;
  /** How many are open and not stopped. */
  readonly workingCount: number;
  /** SIGKILL to one that is not stopped. Returns its name, or undefined when too many are stopped. */
  kill(): string | undefined;
  /** SIGSTOP to one, SIGCONT after `ms`. Never the last of its role that runs. */
  pause(ms: number): string | undefined;
  /** Continues all that are stopped. */
  resumeAll(): void;
  /** SIGTERM, then, for who does not heed it, SIGKILL. Returns the names of those. */
  stopAll(): Promise<string[]>;
  killAll(): void;
}

export interface KeepProcessesOptions extends Omit<ChaosProcessOptions, "role" | "name" | "isQuiet"> {
  workerCount: number;
  schedulerCount: number;
  /** What each prints goes to a file here. */
  logDirectory: string;
  random: RandomSource;
  /** What stands before a process's program, by its place; left out: nothing. */
  commandOf?: ((place: number) => readonly string[]) | undefined;
}

const program = fileURLToPath(new URL("./chaos-process.ts", import.meta.url));
const stopMsMax = 30_000;
const startingShare = 0.1;

interface Kept {
  role: ChaosProcessOptions["role"];
  name: string;
  child: ChildProcess;
  ready: Promise<unknown>;
  isReady: boolean;
  isStopped: boolean;
}

export function keepProcesses(options: KeepProcessesOptions): KeptProcesses {
  const { random } = options;
  const cache = getCompileCacheDir();
  const env = { ...process.env, ...(cache === undefined ? {} : { NODE_COMPILE_CACHE: dirname(cache) }) };
  const places: Kept[] = [];
  const pauses = new Map<Kept, NodeJS.Timeout>();
  let startCount = 0;
  const unexpected: string[] = [];
  let isEnding = false;
  let isQuiet = false;

  function start(place: number, role: ChaosProcessOptions["role"]): void {
    startCount += 1;
    const name = `${role}-${place}-${startCount}`;
    const { databaseUrl, effectUrl, leaseMs } = options;
    const given: ChaosProcessOptions = { role, name, databaseUrl, effectUrl, leaseMs, isQuiet };
    const command = [...(options.commandOf?.(place) ?? []), process.execPath, program, JSON.stringify(given)];
    const stdio: StdioOptions = ["ignore", "ignore", "pipe", "ipc"];
    const child = spawn(command[0]!, command.slice(1), { stdio, env });
    const log = createWriteStream(join(options.logDirectory, `${name}.log`));
    // What is printed helps, and is not what is judged: a disk without room for it must not end the attack.
    log.on("error", () => child.stderr?.resume());
    child.stderr?.pipe(log);
    const ready = Promise.race([once(child, "message"), once(child, "exit")]);
    const kept: Kept = { role, name, child, ready, isReady: false, isStopped: false };
    child.once("message", () => (kept.isReady = true));
    places[place] = kept;
    child.once("exit", (code) => {
      if (code !== null && !isEnding) unexpected.push(`${name} ended by itself with ${code}`);
      clearTimeout(pauses.get(kept));
      pauses.delete(kept);
      if (!isEnding && places[place] === kept) start(place, role);
    });
  }

  const running = () => places.filter((kept) => !kept.isStopped && kept.child.exitCode === null);
  const working = () => running().filter((kept) => kept.isReady);
  /** Mostly one that is at work; now and then one that is just starting. */
  const pickVictim = () => {
    const victims = random.chance(startingShare) || working().length === 0 ? running() : working();
    return victims.length === 0 ? undefined : random.pick(victims);
  };
  const resume = (kept: Kept) => {
    clearTimeout(pauses.get(kept));
    pauses.delete(kept);
    kept.isStopped = false;
    kept.child.kill("SIGCONT");
  };

  for (let place = 0; place < options.workerCount + options.schedulerCount; place += 1)
    start(place, place < options.workerCount ? "worker" : "scheduler");

  return {
    get startCount() {
      return startCount;
    },
    unexpected,
    setQuiet(wanted) {
      isQuiet = wanted;
      for (const { child } of places) if (child.connected) child.send({ isQuiet });
    },
    get workingCount() {
      return working().length;
    },
    ready: async () => void (await Promise.all(places.map((kept) => kept.ready))),
    kill() {
      const victim = pickVictim();
      victim?.child.kill("SIGKILL");
      return victim?.name;
    },
    pause(ms) {
      const victims = working().filter((kept) => working().filter((other) => other.role === kept.role).length > 1);
      if (victims.length === 0 || isEnding) return undefined;
      const victim = random.pick(victims);
      victim.isStopped = true;
      victim.child.kill("SIGSTOP");
      pauses.set(
        victim,
        setTimeout(() => resume(victim), ms),
      );
      return victim.name;
    },
    resumeAll() {
      for (const kept of pauses.keys()) resume(kept);
    },
    async stopAll() {
      isEnding = true;
      const forced = places.map(async ({ name, child }) => {
        if (child.exitCode !== null || child.signalCode !== null) return [];
        const ended = once(child, "exit");
        child.kill("SIGTERM");
        const isLate = await Promise.race([ended.then(() => false), delay(stopMsMax).then(() => true)]);
        if (isLate) child.kill("SIGKILL");
        await ended;
        return isLate ? [name] : [];
      });
      return (await Promise.all(forced)).flat();
    },
    killAll() {
      isEnding = true;
      for (const timer of pauses.values()) clearTimeout(timer);
      for (const { child } of places) child.kill("SIGKILL");
    },
  };
}
