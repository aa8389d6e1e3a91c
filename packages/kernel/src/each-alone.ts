/** Loops over many: when all together fail, each is done alone, and the failing one is set aside, so that the others go on. */
// tidy: one rule, for doing things together and one by one.
import { toRoostError } from "@roost/base";
import { clipText, reasonCharsMax } from "@roost/contract/operations";
import { judgeFailures, type Failure } from "./judge-failures.ts";
import type { Kernel } from "./open-kernel.ts";
import { raiseNotice } from "./raise-notice.ts";
import type { KernelTransaction } from "./transact.ts";

/** Until something set aside is tried again. */
export const setAsideMs = 600_000;
/** How long it is not reported again. */
const toldMs = 30 * 86_400_000;
const keyCharsMax = 200;

export interface EachAlone {
  /** For people: "run", "lock". */
  what: string;
  /** Works on these, in its own transaction. Returns how many were moved. */
  work: (tx: KernelTransaction, ids: string[]) => Promise<number>;
  /** Sets it aside for `setAsideMs`, using nothing that may be wrong with it. Without it the loop skips those of `notSetAside`. */
  setAside?: ((tx: KernelTransaction, id: string) => Promise<unknown>) | undefined;
}

/** SQL: whether the thing of this kind with the id of the expression is not currently set aside. */
export function notSetAside(what: string, id: string): string {
  return `not exists (select 1 from roost.idempotency_key aside where aside.scope = 'set_aside' and aside.key = left('${what} ' || ${id}, ${keyCharsMax})
    and (aside.result #>> '{}')::timestamptz > roost.now())`;
}

/** All in one transaction; if that fails, each in its own. Returns how many were moved. */
export async function allOrEach(kernel: Kernel, ids: string[], options: EachAlone): Promise<number> {
  if (ids.length === 0) return 0;
  try {
    return await kernel.transact((tx) => options.work(tx, ids));
  } catch (error) {
    if (isPassing(error)) throw error;
    return await eachAlone(kernel, ids, options);
  }
}

/**
 * Invariant: one that cannot be carried out does not block the others, in this pass or the next.
 * @throws a failure that too many share: a fault of the home, for which none is set aside while it is new
 */
export async function eachAlone(kernel: Kernel, ids: string[], { what, work, setAside }: EachAlone): Promise<number> {
  let count = 0;
  const failures: Failure[] = [];
  for (const id of ids) {
    try {
      count += await kernel.transact((tx) => work(tx, [id]));
    } catch (error) {
      if (isPassing(error)) throw error;
      failures.push({ id, error });
    }
  }
  const { fault, sinceMs, own } = await judgeFailures(kernel, what, { failures, triedCount: ids.length });
  for (const { id, error } of own) {
    kernel.logger.error("what could not be carried out is set aside", { what, id, error });
    const { message: reason } = toRoostError(error);
    await putAside(kernel, id, { what, setAside, reason });
  }
  if (fault === undefined) return count;
  if (sinceMs < setAsideMs) throw fault.error;
  // One that stays must not block those behind it for ever. It has been reported.
  for (const { id } of failures.filter((failure) => !own.includes(failure)))
    await putAside(kernel, id, { what, setAside, reason: undefined });
  return count;
}

async function putAside(
  kernel: Kernel,
  id: string,
  { what, setAside, reason }: Pick<EachAlone, "what" | "setAside"> & { reason: string | undefined },
): Promise<void> {
  await kernel.transact(async (tx) => {
    await setAside?.(tx, id);
    await markSetAside(tx, `${what} ${id}`, reason);
  });
}

/** Does each step whatever the others' results; failures are thrown together at the end. An unavailable database ends it at once. */
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

/** Whether the same may succeed later unchanged: the database is down or overloaded. Then nothing is wrong with the items. */
export function isPassing(error: unknown): boolean {
  return toRoostError(error).retryable;
}

/** Invariant: the notice and its key commit together, so of repeated failures the first is reported; without a reason none is. */
async function markSetAside(tx: KernelTransaction, which: string, reason: string | undefined): Promise<void> {
  const [row] = await tx.query<{ isFirst: boolean }>(
    `insert into roost.idempotency_key as known (scope, key, result, created_at, expires_at)
     values ('set_aside', $1, to_jsonb(roost.now() + $3 * interval '1 millisecond'), roost.now(), roost.now() + $2 * interval '1 millisecond')
     on conflict (scope, key) do update set result = excluded.result,
       created_at = case when known.expires_at <= roost.now() then excluded.created_at else known.created_at end,
       expires_at = case when known.expires_at <= roost.now() then excluded.expires_at else known.expires_at end
     returning created_at = roost.now() as "isFirst"`,
    [which.slice(0, keyCharsMax), toldMs, setAsideMs],
  );
  if (row?.isFirst !== true || reason === undefined) return;
  const text = `The ${which} cannot be carried out and is retried every ${setAsideMs / 60_000} minutes: ${reason}`;
  raiseNotice(tx, { level: "warning", text: clipText(text, reasonCharsMax), source: "scheduler" });
}
