/**
 * Wake-ups of one process: an emitter inside it, and one PostgreSQL channel between processes that carries all wake-ups of a few milliseconds
 * together. NOTIFY makes the commits of a database queue, so it is never part of a write.
 */
import { RoostError, type Logger } from "@roost/base";
import type { Database } from "@roost/database";
import { notify, payloadBytesMax } from "./notify.ts";
import { checkChannel } from "./check-channel.ts";
import type { WaitOptions, WakeupOutcome, Wakeups, WakeupWatch } from "./wakeups.ts";

const postgresChannel = "roost_wakeup";
/** On average one statement per interval; more at once after a quiet while, so that turns one after the other never wait. */
const coalesceMs = 5;
const burstMax = 50;
/** How long a wake-up that is not urgent waits for others to join it. */
const patienceMs = 20;
/** Beyond it wake-ups are dropped, which delays others at most until they poll. */
const pendingChannelsMax = 10_000;

export interface WakeupsOptions {
  database: Database;
  logger: Logger;
  /** Tells this process's own notifications from those of others; no whitespace. */
  origin: string;
  /** No other process uses the database: none is told. */
  isAlone?: boolean | undefined;
}

export interface OpenWakeups extends Wakeups, AsyncDisposable {}

export async function createWakeups(options: WakeupsOptions): Promise<OpenWakeups> {
  const subscribers = new Map<string, Set<() => void>>();
  const outbox = createOutbox(options);

  const emit = (channel: string) => {
    // A copy: a woken subscriber may subscribe again.
    for (const onWake of Array.from(subscribers.get(channel) ?? [])) {
      try {
        onWake();
      } catch (error) {
        options.logger.error("a wake-up's subscriber threw", { channel, error });
      }
    }
  };
  const listener = await options.database.listen(postgresChannel, (payload) => {
    if (payload === "") {
      // After a lost connection any wake-up may have been missed.
      for (const channel of subscribers.keys()) emit(channel);
      return;
    }
    const [origin, ...channels] = payload.split(" ");
    if (origin !== options.origin) for (const channel of channels) emit(decode(channel));
  });

  const subscribe = (channel: string, onWake: () => void): Disposable => {
    checkChannel(channel);
    let ofChannel = subscribers.get(channel);
    if (ofChannel === undefined) subscribers.set(channel, (ofChannel = new Set()));
    // Its own function: the same one may be subscribed twice.
    const entry = () => onWake();
    ofChannel.add(entry);
    return {
      [Symbol.dispose]() {
        ofChannel.delete(entry);
        if (ofChannel.size === 0 && subscribers.get(channel) === ofChannel) subscribers.delete(channel);
      },
    };
  };
  const watch = (channels: string | readonly string[]) => createWatch([channels].flat(), subscribe);
  return {
    wake(channel, { isPatient = false } = {}) {
      checkChannel(channel);
      emit(channel);
      if (options.isAlone !== true) outbox.add(channel, isPatient);
    },
    subscribe,
    watch,
    async wait(channel, waitOptions) {
      using waiting = watch(channel);
      return await waiting.next(waitOptions);
    },
    async [Symbol.asyncDispose]() {
      await outbox.close();
      await listener[Symbol.asyncDispose]();
    },
  };
}

/** Anyone may notify: what was not encoded is no channel. */
function decode(channel: string): string {
  try {
    return decodeURIComponent(channel);
  } catch {
    return "";
  }
}

/** Sends at once while it has not sent much, then at most one statement per `coalesceMs`; never two at a time. */
function createOutbox({ database, logger, origin }: WakeupsOptions) {
  const pending = new Set<string>();
  let sending: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let patience: NodeJS.Timeout | undefined;
  let isUrgent = false;
  let allowance = burstMax;
  let countedMs = performance.now();
  let isClosed = false;

  const send = async () => {
    clearTimeout(patience);
    patience = undefined;
    isUrgent = false;
    const payloads = packPayloads(origin, pending);
    pending.clear();
    try {
      await notify(database, postgresChannel, payloads);
    } catch (error) {
      // Only polling is certain: a lost hint costs time, nothing else.
      logger.debug("wake-ups were lost", { error });
    }
    sending = undefined;
    if (isUrgent) schedule();
  };
  const schedule = () => {
    if (sending !== undefined || timer !== undefined) return;
    const nowMs = performance.now();
    allowance = Math.min(burstMax, allowance + (nowMs - countedMs) / coalesceMs);
    countedMs = nowMs;
    if (isClosed || allowance >= 1) {
      allowance -= 1;
      // Not within the caller's turn: further wake-ups of it go along.
      sending = Promise.resolve().then(send);
      return;
    }
    timer = setTimeout(
      () => {
        timer = undefined;
        schedule();
      },
      Math.ceil((1 - allowance) * coalesceMs),
    );
  };
  const hurry = () => {
    isUrgent = true;
    schedule();
  };
  return {
    add(channel: string, isPatient: boolean) {
      if (isClosed || pending.size >= pendingChannelsMax) return;
      pending.add(channel);
      if (isPatient) patience ??= setTimeout(hurry, patienceMs);
      else hurry();
    },
    async close() {
      isClosed = true;
      clearTimeout(timer);
      clearTimeout(patience);
      while (sending !== undefined) await sending;
      if (pending.size > 0) await send();
    },
  };
}

function packPayloads(origin: string, channels: Iterable<string>): string[] {
  const payloads: string[] = [];
  let payload = origin;
  // A channel may contain a user's name with spaces.
  for (const channel of Array.from(channels, encodeURIComponent)) {
    if (Buffer.byteLength(payload) + Buffer.byteLength(channel) + 1 > payloadBytesMax) {
      payloads.push(payload);
      payload = origin;
    }
    payload += ` ${channel}`;
  }
  if (payload !== origin) payloads.push(payload);
  return payloads;
}

function createWatch(channels: string[], subscribe: Wakeups["subscribe"]): WakeupWatch {
  let isWoken = false;
  let onWoken: (() => void) | undefined;
  const subscriptions = channels.map((channel) =>
    subscribe(channel, () => {
      isWoken = true;
      onWoken?.();
    }),
  );
  return {
    next({ timeoutMs, signal }: WaitOptions) {
      if (signal?.aborted) return Promise.resolve("aborted");
      if (isWoken) {
        isWoken = false;
        return Promise.resolve("woken");
      }
      if (onWoken !== undefined)
        throw new RoostError("internal", "a wake-up watch was waited for twice at the same time");
      return new Promise<WakeupOutcome>((resolve) => {
        const finish = (outcome: WakeupOutcome) => {
          clearTimeout(timer);
          signal?.removeEventListener("abort", onAbort);
          onWoken = undefined;
          if (outcome === "woken") isWoken = false;
          resolve(outcome);
        };
        const onAbort = () => finish("aborted");
        const timer = setTimeout(() => finish("timeout"), Math.min(timeoutMs, timerMsMax));
        signal?.addEventListener("abort", onAbort, { once: true });
        onWoken = () => finish("woken");
      });
    },
    [Symbol.dispose]() {
      for (const subscription of subscriptions) subscription[Symbol.dispose]();
    },
  };
}

/** A longer timer would fire at once; waking early is harmless. */
const timerMsMax = 2_147_483_647;
