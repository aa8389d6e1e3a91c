/** Loops over many: what fails for all together is done for each alone, and the one that fails is set aside, so that all others go on. */
// tidy: one rule, for what is done together and for what is done one by one.
import { toRoostError } from "@roost/base";
import { clipText, reasonCharsMax } from "@roost/contract/operations";
import type { Kernel } from "./open-kernel.ts";
import { raiseNotice } from "./raise-notice.ts";
import type { KernelTransaction } from "./transact.ts";

/** Until what was set aside is looked at again. */
export const setAsideMs = 600_000;
/** For so long it is not told again. */
const toldMs = 30 * 86_400_000;

export interface EachAlone {
  /** For people: "run", "lock". */
  what: string;
  /** Of these alone, in a transaction of its own. Returns how many were moved. */
  work: (tx: KernelTransaction, ids: string[]) => Promise<number>;
  /** Takes it out of the way for `setAsideMs`; uses nothing of what may be wrong with it. */
  setAside: (tx: KernelTransaction, id: string) => Promise<unknown>;
}

/** All in one transaction; when that fails, each in its own. Returns how many were moved. */
export async function allOrEach(kernel: Kernel, ids: string[], options: EachAlone): Promise<number> {
  if (ids.length === 0) return 0;
  try {
    return await kernel.transact((tx) => options.work(tx, ids));
  } catch (error) {
    if (isPassing(error)) throw error;
    return await eachAlone(kernel, ids, options);
  }
}

/** Invariant: one that cannot be carried out does not keep the others from it, in this pass or in the next. */
export async function eachAlone(kernel: Kernel, ids: string[], { what, work, setAside }: EachAlone): Promise<number> {
  let count = 0;
  for (const id of ids) {
    try {
      count += await kernel.transact((tx) => work(tx, [id]));
    } catch (error) {
      if (isPassing(error)) throw error;
      kernel.logger.error("what could not be carried out is set aside", { what, id, error });
      await kernel.transact(async (tx) => {
        await setAside(tx, id);
        await tellOnce(tx, `${what} ${id}`, toRoostError(error).message);
      });
    }
  }
  return count;
}

/** Does each of these whatever became of those before it; what failed is thrown at the end, together. A database that is away ends it at once. */
export async function allSteps(steps: readonly (() => Promise<unknown>)[]): Promise<void> {
  const failures: unknown[] = [];
  for (const step of steps) {
    try {
      await step();
    } catch (error) {
      if (isPassing(error)) throw error;
      failures.push(error);
    }
  }
  if (failures.length === 1) throw failures[0];
  if (failures.length > 1)
    throw new AggregateError(failures, failures.map((error) => toRoostError(error).message).join("; "));
}

/** Whether the same may succeed later without a change: the database is away or has too much to do. Then nothing is wrong with any of them. */
export function isPassing(error: unknown): boolean {
  return toRoostError(error).retryable;
}

/** Invariant: the notice and its key commit together, so of many failures of one thing the first is told. */
async function tellOnce(tx: KernelTransaction, which: string, reason: string): Promise<void> {
  const rows = await tx.query(
    `insert into roost.idempotency_key as known (scope, key, result, created_at, expires_at)
     values ('set_aside', $1, 'null', roost.now(), roost.now() + $2 * interval '1 millisecond')
     on conflict (scope, key) do update set created_at = excluded.created_at, expires_at = excluded.expires_at
       where known.expires_at <= roost.now()
     returning key`,
    [which.slice(0, 200), toldMs],
  );
  if (rows.length === 0) return;
  const text = clipText(
    `The ${which} cannot be carried out and is tried again every ${setAsideMs / 60_000} minutes: ${reason}`,
    reasonCharsMax,
  );
  raiseNotice(tx, { level: "warning", text, source: "scheduler" });
}
