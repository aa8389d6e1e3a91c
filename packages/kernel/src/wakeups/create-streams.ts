/**
 * Deltas between processes: gathered, joined, cut to the size of a notification, and sent on their own channel, which roles of services cannot name.
 * Nothing waits for them and nothing is kept: what is too much or cannot be sent is dropped.
 */
import { randomUUID } from "node:crypto";
import { keepBriefly, systemClock, toRoostError, type JsonValue, type Logger } from "@roost/base";
import type { Database, Sql } from "@roost/database";
import { notify, payloadBytesMax } from "./notify.ts";
import type { StreamDelta, Streams, WatchStreamOptions } from "./streams.ts";

/** Between two statements, whatever the number of runs. */
const gatherMs = 50;
/** A text is cut into parts whose JSON stays below the limit: JSON writes a character as at most 6 bytes. */
const partCharsMax = 1200;
const pendingDeltasMax = 2000;
const watchedDeltasMax = 1000;

export interface StreamsOptions {
  database: Database;
  logger: Logger;
  /** Tells this process's own notifications from those of others. */
  origin: string;
}

export interface OpenStreams extends Streams, AsyncDisposable {}

type Watcher = (delta: StreamDelta) => void;
type ReadChannel = () => Promise<string>;

export function createStreams(options: StreamsOptions): OpenStreams {
  const readChannel = keepBriefly(() => channelOf(options.database), { clock: systemClock, keptMs: Infinity }).read;
  const watchers = new Map<string, Set<Watcher>>();
  const show = (runId: string, delta: StreamDelta) => {
    for (const watcher of watchers.get(runId) ?? []) watcher(delta);
  };
  const outbox = createDeltaOutbox(options, readChannel);
  const inbox = createDeltaInbox(options, readChannel, show);

  return {
    publish(runId, delta) {
      show(runId, delta);
      outbox.add(runId, delta);
    },
    async *watch(runId, { signal }: WatchStreamOptions = {}) {
      const queue: StreamDelta[] = [];
      let onChange: () => void = () => undefined;
      const watcher: Watcher = (delta) => {
        joinDelta(queue, delta);
        if (queue.length > watchedDeltasMax) queue.shift();
        onChange();
      };
      const ofRun = watchers.get(runId) ?? new Set<Watcher>();
      watchers.set(runId, ofRun.add(watcher));
      const onAbort = () => onChange();
      signal?.addEventListener("abort", onAbort);
      try {
        await inbox.open();
        while (!signal?.aborted) {
          const delta = queue.shift();
          if (delta !== undefined) yield delta;
          else await new Promise<void>((resolve) => (onChange = resolve));
        }
      } finally {
        signal?.removeEventListener("abort", onAbort);
        ofRun.delete(watcher);
        if (ofRun.size === 0 && watchers.get(runId) === ofRun) watchers.delete(runId);
      }
    },
    async [Symbol.asyncDispose]() {
      await outbox.close();
      await inbox.close();
    },
  };
}

async function channelOf(sql: Sql): Promise<string> {
  const [row] = await sql.query<{ name: string }>("select name from roost.stream_channel");
  return row!.name;
}

/** Adds a delta, joining it with the last one if only the text differs. */
function joinDelta(queue: StreamDelta[], delta: StreamDelta): void {
  const last = queue.at(-1);
  if (last !== undefined && canJoin(last, delta))
    queue[queue.length - 1] = { ...last, text: `${last["text"] as string}${delta["text"] as string}` };
  else queue.push(delta);
}

function canJoin(last: StreamDelta, delta: StreamDelta): boolean {
  if (typeof last["text"] !== "string" || typeof delta["text"] !== "string" || last["text"].length > partCharsMax)
    return false;
  const fields = Object.keys(delta);
  return (
    fields.length === Object.keys(last).length &&
    fields.every((field) => field === "text" || last[field] === delta[field])
  );
}

function createDeltaOutbox({ database, logger, origin }: StreamsOptions, readChannel: ReadChannel) {
  const pending = new Map<string, StreamDelta[]>();
  let pendingCount = 0;
  let timer: NodeJS.Timeout | undefined;
  let sending: Promise<void> | undefined;
  let isClosed = false;

  const send = async () => {
    const payloads = [...pending].flatMap(([runId, deltas]) => packDeltas(origin, runId, deltas));
    pending.clear();
    pendingCount = 0;
    try {
      if (payloads.length > 0) await notify(database, await readChannel(), payloads);
    } catch (error) {
      logger.debug("deltas were lost", { error: toRoostError(error) });
    }
    sending = undefined;
    if (pending.size > 0) schedule();
  };
  const schedule = () => {
    if (timer !== undefined || sending !== undefined || isClosed) return;
    timer = setTimeout(() => {
      timer = undefined;
      sending = send();
    }, gatherMs);
  };
  return {
    add(runId: string, delta: StreamDelta) {
      if (isClosed || pendingCount >= pendingDeltasMax) return;
      const deltas = pending.get(runId) ?? [];
      pending.set(runId, deltas);
      pendingCount -= deltas.length;
      joinDelta(deltas, delta);
      pendingCount += deltas.length;
      schedule();
    },
    async close() {
      isClosed = true;
      clearTimeout(timer);
      await sending;
      await send();
    },
  };
}

function packDeltas(origin: string, runId: string, deltas: StreamDelta[]): string[] {
  return deltas.flatMap(cutDelta).flatMap((delta) => {
    // The number makes payloads differ: PostgreSQL drops repeated ones of a transaction.
    const payload = JSON.stringify([origin, runId, randomUUID().slice(0, 8), delta]);
    return Buffer.byteLength(payload) <= payloadBytesMax ? [payload] : [];
  });
}

function cutDelta(delta: StreamDelta): StreamDelta[] {
  const text = delta["text"];
  if (typeof text !== "string" || text.length <= partCharsMax) return [delta];
  const parts: StreamDelta[] = [];
  for (let from = 0; from < text.length;) {
    let until = Math.min(text.length, from + partCharsMax);
    // Does not split a surrogate pair.
    if (until < text.length && (text.charCodeAt(until - 1) & 0xfc00) === 0xd800) until -= 1;
    parts.push({ ...delta, text: text.slice(from, until) });
    from = until;
  }
  return parts;
}

/** Listens from the first watcher on: most processes never watch. */
function createDeltaInbox(
  { database, logger, origin }: StreamsOptions,
  readChannel: ReadChannel,
  show: (runId: string, delta: StreamDelta) => void,
) {
  let listening: Promise<AsyncDisposable> | undefined;
  const onPayload = (payload: string) => {
    if (payload === "") return;
    try {
      const [from, runId, , delta] = JSON.parse(payload) as [string, string, string, JsonValue];
      if (from !== origin) show(runId, delta as StreamDelta);
    } catch (error) {
      logger.warn("a notification on the stream channel was not understood", { error });
    }
  };
  return {
    async open() {
      listening ??= readChannel().then((channel) => database.listen(channel, onPayload));
      try {
        await listening;
      } catch (error) {
        listening = undefined;
        throw error;
      }
    },
    async close() {
      await (await listening?.catch(() => undefined))?.[Symbol.asyncDispose]();
    },
  };
}
