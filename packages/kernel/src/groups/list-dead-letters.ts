/** Lists dead letters, and retries or drops them on request. */
import { RoostError } from "@roost/base";
import type { Sql } from "@roost/database";
import type { Kernel } from "../open-kernel.ts";
import type { KernelTransaction } from "../transact.ts";
import { groupsChannel } from "./group.ts";

export interface DeadLetter {
  number: number;
  group: string;
  key: string;
  topic: string;
  partition: number;
  offset: number;
  eventId: string;
  eventType: string;
  /** retrying: will be tried again. waiting: behind another of its key. given_up: a person decides. */
  state: "retrying" | "waiting" | "given_up";
  attempts: number;
  retryAt: Date | null;
  error: { code: string; message: string } | null;
  parkedAt: Date;
}

export interface DeadLetterQuery {
  group?: string | undefined;
  key?: string | undefined;
}

export interface DeadLetterChoice extends DeadLetterQuery {
  number?: number | undefined;
}

/** Letters that one call drops or retries. */
const chosenMax = 1_000;

/** In the order in which they were set aside, after the given number. */
export async function listDeadLetters(
  sql: Sql,
  { group, key, after, limit }: DeadLetterQuery & { after?: number | undefined; limit: number },
): Promise<DeadLetter[]> {
  return await sql.query<DeadLetter>(
    `select d.number, d.group_name as "group", d.key, d.topic, d.partition, d."offset", d.event ->> 'id' as "eventId", d.event ->> 'type' as "eventType",
       case when exists (select 1 from roost.dead_letter b where b.group_name = d.group_name and b.key = d.key and b.number < d.number) then 'waiting'
         when d.attempts >= d.attempts_max then 'given_up' else 'retrying' end as state,
       d.attempts, case when d.attempts < d.attempts_max then d.retry_at end as "retryAt", d.error, d.parked_at as "parkedAt"
     from roost.dead_letter d
     where ($1::text is null or d.group_name = $1) and ($2::text is null or d.key = $2) and d.number > $3 order by d.number limit $4`,
    [group ?? null, key ?? null, after ?? 0, limit],
  );
}

/** Retries them at once, the first of each key, with a fresh count of attempts. @throws RoostError `not_found` when there is none */
export async function retryAgain(kernel: Kernel, choice: DeadLetterChoice): Promise<number> {
  return await kernel.transact(async (tx) => {
    const count = await resetAttempts(tx, choice);
    if (count === 0) throw noSuch(choice);
    tx.wake(groupsChannel);
    return count;
  });
}

/** In the transaction that changes the key's job or run. */
export async function resetAttempts(tx: KernelTransaction, { group, key, number }: DeadLetterChoice): Promise<number> {
  const rows = await tx.query(
    `update roost.dead_letter set attempts = 0, retry_at = null, is_told = false where number in (
       select number from roost.dead_letter where ($1::text is null or group_name = $1) and ($2::text is null or key = $2)
         and ($3::bigint is null or number = $3) order by number limit $4)
     returning 1`,
    [group ?? null, key ?? null, number ?? null, chosenMax],
  );
  return rows.length;
}

/** Discards them, recording who and why. @throws RoostError `not_found` when there is none */
export async function dropDeadLetters(
  kernel: Kernel,
  choice: DeadLetterChoice & { by: string; reason: string },
): Promise<number> {
  return await kernel.transact(async (tx) => {
    const count = await dropWithin(tx, choice);
    if (count === 0) throw noSuch(choice);
    tx.wake(groupsChannel);
    return count;
  });
}

export async function dropWithin(
  tx: KernelTransaction,
  { group, key, number, by, reason }: DeadLetterChoice & { by: string; reason: string },
): Promise<number> {
  const rows = await tx.query<{ group: string; topic: string; partition: number; offset: number; eventId: string }>(
    `delete from roost.dead_letter where number in (
       select number from roost.dead_letter where ($1::text is null or group_name = $1) and ($2::text is null or key = $2)
         and ($3::bigint is null or number = $3) order by number limit $4)
     returning group_name as "group", topic, partition, "offset", event ->> 'id' as "eventId"`,
    [group ?? null, key ?? null, number ?? null, chosenMax],
  );
  for (const { offset, ...place } of rows)
    tx.emit({
      type: "consumer.skipped",
      subject: place.group,
      causation: place.eventId,
      data: { ...place, fromOffset: offset, toOffset: offset + 1, by, reason },
    });
  return rows.length;
}

function noSuch({ number, group, key }: DeadLetterChoice): RoostError {
  const what =
    number === undefined ? `${group ?? "any group"}${key === undefined ? "" : ` for ${key}`}` : `number ${number}`;
  return new RoostError("not_found", `there are no dead letters of ${what}: check roost log dead`);
}
