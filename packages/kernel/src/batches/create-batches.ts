/**
 * Group commit for small writes of one kind: writes requested while a batch commits go into the next one, as one transaction. There is no timer: a
 * lone write goes at once. Knows nothing of what is written.
 */
import { RoostError, toRoostError, type Logger } from "@roost/base";

/** The outcome of one item: a failed item does not affect the others. */
export type BatchOutcome<Result> = { value: Result } | { error: unknown };

/** Carries out items in one transaction; outcomes in the order of the items. If it rejects, nothing has happened, or the outcome is unknown. */
export type RunBatch<Item, Result> = (items: Item[]) => Promise<BatchOutcome<Result>[]>;

export interface Batches extends AsyncDisposable {
  /** @throws RoostError `limit_exceeded` when too many are waiting, `unavailable` when the kernel is closed, and the item's own error */
  submit<Item, Result>(kind: string, item: Item, run: RunBatch<Item, Result>): Promise<Result>;
}

export const batchItemsMax = 200;
const queuedItemsMax = 20_000;

interface Entry {
  item: unknown;
  run: RunBatch<unknown, unknown>;
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

interface BatchQueue {
  entries: Entry[];
  draining: Promise<void> | undefined;
}

export function createBatches({ logger }: { logger: Logger }): Batches {
  const queues = new Map<string, BatchQueue>();
  let isClosed = false;

  const drain = async (kind: string, queue: BatchQueue) => {
    while (queue.entries.length > 0) {
      const entries = queue.entries.splice(0, batchItemsMax);
      const hidden = await carryOut(entries);
      // Nothing is lost, but all of it costs a transaction each, and nothing else would show it.
      if (hidden !== undefined) {
        const error = toRoostError(hidden).message;
        logger.error("A batch of writes fails together and not one by one", { kind, itemCount: entries.length, error });
      }
    }
    queue.draining = undefined;
  };

  return {
    submit<Item, Result>(kind: string, item: Item, run: RunBatch<Item, Result>): Promise<Result> {
      if (isClosed)
        return Promise.reject(new RoostError("unavailable", "the kernel is closed: nothing more can be written"));
      const queue = queues.get(kind) ?? { entries: [], draining: undefined };
      queues.set(kind, queue);
      if (queue.entries.length >= queuedItemsMax) {
        return Promise.reject(
          new RoostError(
            "limit_exceeded",
            `${queue.entries.length} writes of kind ${kind} are waiting (limit ${queuedItemsMax}): write no faster than they are acknowledged`,
          ),
        );
      }
      return new Promise<Result>((resolve, reject) => {
        queue.entries.push({
          item,
          run: run as RunBatch<unknown, unknown>,
          resolve: (value) => resolve(value as Result),
          reject,
        });
        // In the next microtask, so that requests of the same turn share a batch.
        queue.draining ??= Promise.resolve().then(() => drain(kind, queue));
      });
    },
    async [Symbol.asyncDispose]() {
      isClosed = true;
      for (const queue of queues.values()) await queue.draining;
    },
  };
}

/** Never rejects: every entry gets its own outcome. Returns the error of a batch in which no entry fails alone. */
async function carryOut(entries: Entry[]): Promise<unknown> {
  const [first] = entries;
  try {
    const outcomes = await first!.run(entries.map((entry) => entry.item));
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
