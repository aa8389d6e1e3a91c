/**
 * Retries dead letters: the first of each key. One that fails too often is given up, which is reported once (groups/tell-failures.ts); it stays,
 * with those behind it, until a person retries or drops it, or its recipient is changed.
 */
import { allSteps, isPassing } from "../each-alone.ts";
import type { Group } from "./group.ts";
import { wantsEvent, type Subscriber } from "./wants-event.ts";
import type { StoredEvent } from "../log/event.ts";
import { recordedError } from "../log/recorded-error.ts";
import type { Kernel } from "../open-kernel.ts";
import type { KernelTransaction } from "../transact.ts";

/** Keys per pass. */
const keysPerLookMax = 100;

/** SQL: `key` and `at` of the first letter of each key to be retried, where `isWanted` says that `d.key` takes deliveries. */
export function nextRetriesSql(group: string, isWanted: string): string {
  return `select d.key, coalesce(d.retry_at, d.parked_at) as at from roost.dead_letter d
    where d.group_name = '${group}' and d.attempts < d.attempts_max and ${isWanted}
    and not exists (select 1 from roost.dead_letter b where b.group_name = d.group_name and b.key = d.key and b.number < d.number)`;
}

/** Retries what is due for these keys, as far as each goes. May be called concurrently. Returns how many were delivered. */
export async function retryDeadLetters<S extends Subscriber>(
  kernel: Kernel,
  group: Group<S>,
  keys: readonly string[],
): Promise<number> {
  let delivered = 0;
  const steps = keys.slice(0, keysPerLookMax).map((key) => async () => {
    while (await kernel.transact((tx) => retryFirst(kernel, tx, group, key))) delivered += 1;
  });
  await allSteps(steps);
  return delivered;
}

/** True: delivered, and the next one of the key may be tried. */
async function retryFirst<S extends Subscriber>(
  kernel: Kernel,
  tx: KernelTransaction,
  group: Group<S>,
  key: string,
): Promise<boolean> {
  const [subscriber] = await group.lock(tx, [key]);
  if (subscriber === undefined) return false;
  const [letter] = await tx.query<{
    number: number;
    event: Omit<StoredEvent, "time"> & { time: string };
    isDue: boolean;
  }>(
    `select number, event, coalesce(retry_at <= roost.now(), true) and attempts < attempts_max as "isDue"
     from roost.dead_letter where group_name = $1 and key = $2 order by number limit 1 for update`,
    [group.name, key],
  );
  if (letter?.isDue !== true) return false;
  const { number } = letter;
  const stored = { ...letter.event, time: new Date(letter.event.time) };
  try {
    await tx.attempt(async () => {
      const [event] = kernel.registry.upcast([stored]);
      // After a change the subscriber may not want it any more.
      if (wantsEvent(subscriber, event!)) await group.deliver(tx, [subscriber], [event!]);
    });
  } catch (error) {
    if (isPassing(error)) throw error;
    await tx.query("select roost.fail_letter_1($1, $2)", [number, JSON.stringify(recordedError(error))]);
    tx.wake("failures");
    return false;
  }
  await tx.query("delete from roost.dead_letter where number = $1", [number]);
  kernel.logger.info("an event that was set aside was delivered", { group: group.name, key, eventId: stored.id });
  return true;
}
