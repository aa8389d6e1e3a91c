/**
 * Reads a chat.db on as it grows. A place is saved with what it led to, so a watcher that dies goes on where it was
 * acknowledged, and what is handed over twice is taken once.
 *
 * The folder is watched, not the file: the write-ahead log is made anew when Messages starts, and a watch on it would hear
 * nothing more. What a watch misses a look every two seconds finds. Another file under the name is read from its start.
 */
import { watch } from "node:fs";
import { statSync } from "node:fs";
import { dirname } from "node:path";
import { sleepUntilAborted, type Clock } from "@roost/base";
import type { MessageItem } from "../messages/source-message.ts";
import { openChatDb, type ChatDb, type ChatRow } from "./open-chat-db.ts";

export interface ChatPlace {
  inode: number;
  /** The last row that was handed over. */
  row: number;
  /** Edits up to here were handed over, milliseconds since 1970. */
  changedMs: number;
  /** Rows that stood in no chat yet. */
  waiting: number[];
}

export interface WatchChatDbOptions {
  path: string;
  place: ChatPlace | undefined;
  /** Hands over and saves the place; both or none. */
  take: (items: MessageItem[], place: ChatPlace, lagRows: number) => Promise<void>;
  clock: Clock;
  signal: AbortSignal;
  /** Default 2 seconds. */
  pollMs?: number;
}

const batchMax = 100;
const waitingMax = 1000;
/** A message whose chat has not come by then is taken without it: many have none. */
const waitMsMax = 600_000;
/** Without news the place is saved so often: silence is a sign, and so is this. */
const heartbeatMs = 60_000;

export async function watchChatDb(options: WatchChatDbOptions): Promise<void> {
  const { path, clock, signal, pollMs = 2000 } = options;
  let { place } = options;
  while (!signal.aborted) {
    using db = openChatDb(path);
    place = place?.inode === db.inode ? place : { inode: db.inode, row: 0, changedMs: 0, waiting: [] };
    using bell = openBell(dirname(path));
    let version = Number.NaN;
    let toldMs = 0;
    while (!signal.aborted && inodeOf(path) === db.inode) {
      const current = db.dataVersion();
      if (current !== version || place.waiting.length > 0) place = await readOn(db, place, options);
      if (current !== version || clock.nowMs() - toldMs >= heartbeatMs) {
        await options.take([], place, 0);
        toldMs = clock.nowMs();
      }
      version = current;
      await bell.next(pollMs, signal);
    }
  }
}

async function readOn(db: ChatDb, from: ChatPlace, { take, clock }: WatchChatDbOptions): Promise<ChatPlace> {
  const mustWait = ({ isWithoutChat, item }: ChatRow): boolean =>
    isWithoutChat &&
    item !== undefined &&
    "message" in item &&
    clock.nowMs() - Date.parse(item.message.sentAt) < waitMsMax;
  let place = from;
  const again = db.readAgain(place.waiting);
  const placed = again.filter((row) => !mustWait(row));
  if (placed.length > 0) {
    place = { ...place, waiting: again.filter(mustWait).map(({ row }) => row) };
    await take(itemsOf(placed), place, db.lastRow() - place.row);
  }
  for (;;) {
    const rows = db.readRows({ after: place.row, limit: batchMax });
    const last = rows.at(-1);
    if (last === undefined) break;
    const waiting = rows.filter(mustWait).map(({ row }) => row);
    const isFirst = place.row === 0 && place.changedMs === 0;
    place = { ...place, row: last.row, waiting: [...place.waiting, ...waiting].slice(-waitingMax) };
    // Edits of rows that are read for the first time are read with them.
    if (isFirst) place.changedMs = Math.max(0, ...rows.map(({ changedMs }) => changedMs ?? 0));
    await take(itemsOf(rows.filter((row) => !mustWait(row))), place, db.lastRow() - place.row);
  }
  for (;;) {
    const rows = db.readChanged({ upTo: place.row, afterMs: place.changedMs, limit: batchMax });
    const last = rows.at(-1)?.changedMs;
    if (last === undefined) return place;
    place = { ...place, changedMs: last };
    await take(itemsOf(rows), place, db.lastRow() - place.row);
  }
}

function itemsOf(rows: readonly ChatRow[]): MessageItem[] {
  return rows.flatMap(({ item }) => (item === undefined ? [] : [item]));
}

function inodeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.ino;
}

/** Rings when something in the folder changes. */
function openBell(directory: string): Disposable & { next(timeoutMs: number, signal: AbortSignal): Promise<void> } {
  let ring = new AbortController();
  const watcher = watch(directory, () => ring.abort());
  // Without a watch the look every two seconds remains.
  watcher.on("error", () => undefined);
  return {
    async next(timeoutMs, signal) {
      await sleepUntilAborted(timeoutMs, { signal: AbortSignal.any([signal, ring.signal]) });
      ring = new AbortController();
    },
    [Symbol.dispose]: () => watcher.close(),
  };
}
