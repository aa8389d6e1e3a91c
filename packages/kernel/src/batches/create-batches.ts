/**
 * Group commit: writes requested while a batch commits go into the next one, as one transaction. One batch is under way at a time, whatever its
 * kind: two would only wait for each other at the heads of the log's partitions, which stay locked until a commit is on disk. There is no timer: a
 * lone write goes at once. Knows nothing of what is written.
 */
import { RoostError, toRoostError, type Logger } from "@roost/base";

/** The outcome of one item: a failed item does not affect the others. */
export type BatchOutcome<Result> = { value: Result } | { error: unknown };

/** Carries out items in one transaction; outcomes in the order of the items. If it rejects, nothing has happened, or the outcome is unknown. */
export type RunBatch<Item, Result> = (items: Item[]) => Promise<BatchOutcome<Result>[]>;

export interface SubmitOptions {
  /** How many rows it writes: a batch takes so many together. Default 1. */
  size?: number;
  /** Default 0. */
  bytes?: number;
  /** Withdraws the item while it waits; once it is sent, its outcome is reported as it is. */
  signal?: AbortSignal | undefined;
}

export interface Batches extends AsyncDisposable {
  /**
   * @throws RoostError `limit_exceeded` when too much is waiting, `unavailable` when the kernel is closed, `timeout` when its signal withdrew it,
   * and the item's own error
   */
  submit<Item, Result>(kind: string, item: Item, run: RunBatch<Item, Result>, options?: SubmitOptions): Promise<Result>;
}

/** A batch takes further items up to these; a single larger one goes alone. */
export const batchSizeMax = 500;
const batchBytesMax = 4_000_000;
/** Of each kind. */
const waitingSizeMax = 50_000;
const waitingBytesMax = 64_000_000;

interface Entry {
  item: unknown;
  run: RunBatch<unknown, unknown>;
  size: number;
  bytes: number;
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

/** What waits of one kind. */
interface Waiting {
  entries: Entry[];
  size: number;
  bytes: number;
}

export function createBatches({ logger }: { logger: Logger }): Batches {
  // The kind that has waited longest comes first.
  const kinds = new Map<string, Waiting>();
  let draining: Promise<void> | undefined;
  let isClosed = false;

  const drain = async () => {
    for (const [kind, waiting] of kinds) {
      const taken = takeBatch(waiting);
      // What remains, and what comes meanwhile, goes behind the other kinds.
      kinds.delete(kind);
      if (waiting.entries.length > 0) kinds.set(kind, waiting);
      const hidden = await carryOut(taken);
      // Nothing is lost, but all of it costs a transaction each, and nothing else would show it.
      if (hidden !== undefined) {
        const error = toRoostError(hidden).message;
        logger.error("A batch of writes fails together and not one by one", { kind, itemCount: taken.length, error });
      }
    }
    draining = undefined;
  };

  return {
    async submit<Item, Result>(
      kind: string,
      item: Item,
      run: RunBatch<Item, Result>,
      { size = 1, bytes = 0, signal }: SubmitOptions = {},
    ): Promise<Result> {
      if (isClosed) throw new RoostError("unavailable", "the kernel is closed: nothing more can be written");
      if (signal?.aborted) throw withdrawnBy(signal);
      const waiting = kinds.get(kind) ?? { entries: [], size: 0, bytes: 0 };
      refuseTooMuch(kind, waiting, { size, bytes });
      const { promise, resolve, reject } = Promise.withResolvers<unknown>();
      const entry: Entry = { item, run: run as RunBatch<unknown, unknown>, size, bytes, resolve, reject };
      kinds.set(kind, waiting);
      waiting.entries.push(entry);
      count(waiting, [entry], 1);
      const withdraw = () => {
        const place = waiting.entries.indexOf(entry);
        if (place < 0) return;
        count(waiting, waiting.entries.splice(place, 1), -1);
        reject(withdrawnBy(signal!));
      };
      signal?.addEventListener("abort", withdraw, { once: true });
      // In the next microtask, so that requests of the same turn share a batch.
      draining ??= Promise.resolve().then(drain);
      return (await promise.finally(() => signal?.removeEventListener("abort", withdraw))) as Result;
    },
    async [Symbol.asyncDispose]() {
      isClosed = true;
      await draining;
    },
  };
}

function refuseTooMuch(kind: string, waiting: Waiting, { size, bytes }: { size: number; bytes: number }): void {
  if (waiting.size + size <= waitingSizeMax && waiting.bytes + bytes <= waitingBytesMax) return;
  throw new RoostError(
    "limit_exceeded",
    `${waiting.size} writes of kind ${kind} with ${waiting.bytes} bytes are waiting, ${size} with ${bytes} bytes would be added (limits ${waitingSizeMax} and ${waitingBytesMax}): write no faster than they are acknowledged`,
  );
}

function takeBatch(waiting: Waiting): Entry[] {
  let size = 0;
  let bytes = 0;
  const end = waiting.entries.findIndex((entry, index) => {
    size += entry.size;
    bytes += entry.bytes;
    return index > 0 && (size > batchSizeMax || bytes > batchBytesMax);
  });
  const taken = waiting.entries.splice(0, end < 0 ? waiting.entries.length : end);
  count(waiting, taken, -1);
  return taken;
}

function count(waiting: Waiting, entries: readonly Entry[], sign: 1 | -1): void {
  for (const { size, bytes } of entries) {
    waiting.size += sign * size;
    waiting.bytes += sign * bytes;
  }
}

/** Never rejects: every entry gets its own outcome. Returns the error of a batch in which no entry fails alone. */
async function carryOut(entries: Entry[]): Promise<unknown> {
  const [first] = entries;
  // All that waited were withdrawn.
  if (first === undefined) return undefined;
  try {
    const outcomes = await first.run(entries.map((entry) => entry.item));
    entries.forEach((entry, index) => settle(entry, outcomes[index]));
    return undefined;
  } catch (error) {
    // One item's mistake must not fail the others. Failures from outside or in the commit are not retried here.
    if (entries.length === 1 || toRoostError(error).retryable) {
      for (const entry of entries) entry.reject(error);
      return undefined;
    }
    let isItems = false;
    for (const entry of entries) {
      const reject = (cause: unknown) => {
        isItems = true;
        entry.reject(cause);
      };
      await carryOut([{ ...entry, reject }]);
    }
    return isItems ? undefined : error;
  }
}

function settle(entry: Entry, outcome: BatchOutcome<unknown> | undefined): void {
  if (outcome === undefined)
    entry.reject(new RoostError("internal", "a batch returned without an outcome for each item"));
  else if ("error" in outcome) entry.reject(outcome.error);
  else entry.resolve(outcome.value);
}

function withdrawnBy(signal: AbortSignal): RoostError {
  return new RoostError("timeout", "the write was aborted by its signal before it was sent", { cause: signal.reason });
}
