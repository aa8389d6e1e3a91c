/**
 * Group commit for small writes of the same kind: what is asked for while a batch is being committed travels in the next one, as
 * one transaction. There is no timer: alone, a write goes at once. It knows nothing of what is written.
 */
import { RoostError, toRoostError } from "@roost/base";

/** What one item of a batch came to: a failed item does not sink its neighbours. */
export type BatchOutcome<Result> = { value: Result } | { error: unknown };

/** Carries out items in one transaction; outcomes in the order of the items. If it rejects, nothing of it has happened, or nobody knows. */
export type RunBatch<Item, Result> = (items: Item[]) => Promise<BatchOutcome<Result>[]>;

export interface Batches extends AsyncDisposable {
  /** @throws RoostError `limit_exceeded` when too many wait already, `unavailable` when the kernel is closed, and what the item comes to */
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

export function createBatches(): Batches {
  const queues = new Map<string, BatchQueue>();
  let isClosed = false;

  const drain = async (queue: BatchQueue) => {
    while (queue.entries.length > 0) await carryOut(queue.entries.splice(0, batchItemsMax));
    queue.draining = undefined;
  };

  return {
    submit<Item, Result>(kind: string, item: Item, run: RunBatch<Item, Result>): Promise<Result> {
      if (isClosed)
        return Promise.reject(new RoostError("unavailable", "the kernel is closed: nothing can be written any more"));
      const queue = queues.get(kind) ?? { entries: [], draining: undefined };
      queues.set(kind, queue);
      if (queue.entries.length >= queuedItemsMax) {
        return Promise.reject(
          new RoostError(
            "limit_exceeded",
            `${queue.entries.length} writes of kind ${kind} wait already (limit ${queuedItemsMax}): write no faster than they are acknowledged`,
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
        // In the next microtask: what is asked for in the same turn goes along.
        queue.draining ??= Promise.resolve().then(() => drain(queue));
      });
    },
    async [Symbol.asyncDispose]() {
      isClosed = true;
      for (const queue of queues.values()) await queue.draining;
    },
  };
}

/** Never rejects: every entry learns its own outcome. */
async function carryOut(entries: Entry[]): Promise<void> {
  const [first] = entries;
  try {
    const outcomes = await first!.run(entries.map((entry) => entry.item));
    entries.forEach((entry, index) => settle(entry, outcomes[index]));
  } catch (error) {
    // A mistake of one item must not fail its neighbours. What failed for reasons outside, or in the commit, is not tried again here.
    if (entries.length === 1 || toRoostError(error).retryable) {
      for (const entry of entries) entry.reject(error);
      return;
    }
    for (const entry of entries) await carryOut([entry]);
  }
}

function settle(entry: Entry, outcome: BatchOutcome<unknown> | undefined): void {
  if (outcome === undefined)
    entry.reject(new RoostError("internal", "a batch came back without an outcome for each of its items"));
  else if ("error" in outcome) entry.reject(outcome.error);
  else entry.resolve(outcome.value);
}
