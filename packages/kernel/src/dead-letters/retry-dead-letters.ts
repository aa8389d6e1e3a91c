/**
 * Tries deliveries again that were set aside: of each key the first one. What fails too often is given up, which is told once; it stays,
 * with what waits behind it, until a person retries or drops it, or until what failed is changed.
 */
import { isPassing } from "../each-alone.ts";
import type { StoredEvent } from "../log/event.ts";
import type { Kernel } from "../open-kernel.ts";
import { raiseNotice } from "../raise-notice.ts";
import type { KernelTransaction } from "../transact.ts";
import { recordOf } from "./park-events.ts";
import { deadLetterLimits } from "./dead-letter-limits.ts";

export interface Redelivery {
  group: string;
  /** For people, of a key: "job". */
  what: "job" | "run";
  /** Locks what the key stands for, before the letter is looked at: false when it takes no deliveries now. */
  lock: (tx: KernelTransaction, key: string) => Promise<boolean>;
  /** Its effects commit with the letter's end. */
  deliver: (tx: KernelTransaction, key: string, event: StoredEvent) => Promise<unknown>;
}

interface Letter {
  number: number;
  key: string;
  event: Omit<StoredEvent, "time"> & { time: string };
  attempts: number;
  waitingCount: number;
}

/** SQL: `key` and `at` of the first letter of each key that is tried again by itself, where `isWanted` says that `d.key` takes deliveries. */
export function nextRetriesSql(group: string, isWanted: string): string {
  return `select d.key, coalesce(d.retry_at, d.parked_at) as at from roost.dead_letter d
    where d.group_name = '${group}' and d.attempts < ${deadLetterLimits.attemptsMax} and ${isWanted}
    and not exists (select 1 from roost.dead_letter b where b.group_name = d.group_name and b.key = d.key and b.number < d.number)`;
}

/** What is due of these keys, each as far as it goes. Any number may call it. Returns how many were delivered. */
export async function retryDeadLetters(
  kernel: Kernel,
  redelivery: Redelivery,
  keys: readonly string[],
): Promise<number> {
  let delivered = 0;
  for (const key of keys) while (await kernel.transact((tx) => retryFirst(kernel, tx, key, redelivery))) delivered += 1;
  return delivered;
}

/** True: delivered, and the next one of the key may be tried. */
async function retryFirst(
  kernel: Kernel,
  tx: KernelTransaction,
  key: string,
  redelivery: Redelivery,
): Promise<boolean> {
  const { group } = redelivery;
  if (!(await redelivery.lock(tx, key))) return false;
  const [letter] = await tx.query<Letter & { isDue: boolean }>(
    `select number, key, event, attempts, retry_at is null or retry_at <= roost.now() as "isDue",
       (select count(*)::int from roost.dead_letter b where b.group_name = $1 and b.key = $2) - 1 as "waitingCount"
     from roost.dead_letter where group_name = $1 and key = $2 order by number limit 1 for update`,
    [group, key],
  );
  if (letter === undefined || !letter.isDue || letter.attempts >= deadLetterLimits.attemptsMax) return false;
  const stored = { ...letter.event, time: new Date(letter.event.time) };
  try {
    await tx.attempt(async () => {
      const [event] = kernel.registry.upcast([stored]);
      await redelivery.deliver(tx, key, event!);
    });
  } catch (error) {
    if (isPassing(error)) throw error;
    await recordFailure(tx, letter, stored, { ...redelivery, error });
    return false;
  }
  await tx.query("delete from roost.dead_letter where number = $1", [letter.number]);
  return true;
}

async function recordFailure(
  tx: KernelTransaction,
  { number, key, attempts, waitingCount }: Letter,
  { id, type, topic, partition, offset, correlation }: StoredEvent,
  { group, what, error }: Redelivery & { error: unknown },
): Promise<void> {
  const recorded = recordOf(error);
  const tried = attempts + 1;
  const { attemptsMax, retryMsMin, retryFactor } = deadLetterLimits;
  await tx.query(
    `update roost.dead_letter set attempts = $2, error = $3, retry_at = roost.now() + $4 * interval '1 ms' where number = $1`,
    [number, tried, JSON.stringify(recorded), retryMsMin * retryFactor ** attempts],
  );
  if (tried < attemptsMax) return;
  const causation = tx.emit({
    type: "consumer.failed",
    subject: group,
    causation: id,
    correlation,
    data: { group, topic, partition, offset, eventId: id, eventType: type, failureCount: tried, error: recorded },
  });
  const behind = waitingCount === 0 ? "" : `; ${waitingCount} later events wait behind it`;
  const text =
    `The event ${type} (offset ${offset} of ${topic}/${partition}) could not be delivered to the ${what} ${key} in ${tried} attempts: ${recorded.message}${behind}. ` +
    `Change the ${what}, or see roost log dead: roost log retry ${number} tries again, with --drop it is discarded`;
  raiseNotice(tx, {
    level: "warning",
    text: text.slice(0, deadLetterLimits.errorCharsMax),
    source: "scheduler",
    causation,
    ...(what === "job" ? { jobId: key } : { runId: key }),
  });
}
