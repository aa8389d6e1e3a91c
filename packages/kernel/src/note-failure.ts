/**
 * What fails at present (table failure), for the person: one notice when it begins, one a day while it lasts, which says how often it has failed
 * since then, and one when it is well again.
 */
import { formatDurationMs, RoostError } from "@roost/base";
import { clipText, reasonCharsMax } from "@roost/contract/operations";
import type { Sql } from "@roost/database";
import { raiseNotice, type RaisedNotice } from "./raise-notice.ts";
import type { KernelTransaction } from "./transact.ts";

export interface NotedFailure extends Omit<RaisedNotice, "level" | "text"> {
  /** 'job:backup', 'model' */
  what: string;
  /** "Job backup" */
  name: string;
  reason: string;
  /** Completes a sentence: "See roost log why …" */
  next: string;
  /** For the day of the week. */
  timeZone: string;
  /** Told from this many failures on. Default: the first. */
  toldFrom?: number | undefined;
}

/** How often a failure that lasts is told. */
export const failureRepeatMs = 86_400_000;
const weekMs = 6 * 86_400_000;

export interface UnreadFailure {
  what: string;
  since: Date;
  seenCount: number;
  reason: string;
  /** The last run that failed. */
  runId: string | null;
}

/** What fails at present and was not read by the person, oldest first. Beside jobs, whose failures packages/jobs lists. */
export function listUnreadFailures(sql: Sql, { limit }: { limit: number }): Promise<UnreadFailure[]> {
  return sql.query<UnreadFailure>(
    `select what, since, seen_count as "seenCount", reason, run_id as "runId" from roost.failure
     where read_at is null and what not like 'job:%'
     order by since, what limit $1`,
    [limit],
    { name: "failures_unread" },
  );
}

/** @throws RoostError `not_found` when nothing of this name fails */
export async function readFailure(sql: Sql, what: string): Promise<void> {
  const [read] = await sql.query(
    `update roost.failure set read_at = coalesce(read_at, roost.now()) where what = $1 returning what`,
    [what],
  );
  if (read === undefined) throw new RoostError("not_found", `nothing fails that is called ${what}: see roost inbox`);
}

interface Row {
  since: Date;
  now: Date;
  seenCount: number;
  isToTell: boolean;
}

/**
 * Counts a failure, a run's once. Returns whether the person is told.
 * Invariant: the row and the notice commit together, so that of many observers one tells.
 */
export async function noteFailure(tx: KernelTransaction, failure: NotedFailure): Promise<boolean> {
  const { what, name, reason: given, next, timeZone, toldFrom = 1, ...notice } = failure;
  const reason = clipText(given, reasonCharsMax / 2);
  const [row] = await tx.query<Row>(
    `insert into roost.failure as known (what, run_id, reason) values ($1, $2, $3)
     on conflict (what) do update set run_id = excluded.run_id, reason = excluded.reason, seen_count = known.seen_count + 1,
         told_at = case when known.seen_count + 1 = $4 or known.seen_count >= $4 and known.told_at < roost.now() - $5 * interval '1 millisecond' then roost.now() else known.told_at end
       where known.run_id is null or known.run_id is distinct from excluded.run_id
     returning since, roost.now() as now, seen_count as "seenCount", seen_count = $4 or seen_count > $4 and told_at = roost.now() as "isToTell"`,
    [what, failure.runId ?? null, reason, toldFrom, failureRepeatMs],
  );
  if (row?.isToTell !== true) return false;
  const often = row.seenCount === 1 ? "failed" : `failed ${timesSince(row, timeZone)}`;
  raiseNotice(tx, { ...notice, level: "warning", text: `${name} ${often}: ${reason}. ${next}` });
  return true;
}

/** Returns whether it failed before. Says so when the failure was told. */
export async function noteWell(
  tx: KernelTransaction,
  { what, name, toldFrom = 1, ...notice }: Omit<NotedFailure, "reason" | "next" | "timeZone">,
): Promise<boolean> {
  const [row] = await tx.query<{ failingMs: number; seenCount: number }>(
    `delete from roost.failure where what = $1
     returning (extract(epoch from roost.now() - since) * 1000)::float8 as "failingMs", seen_count as "seenCount"`,
    [what],
  );
  if (row === undefined) return false;
  const times = row.seenCount === 1 ? "once" : `${row.seenCount} times`;
  const text = `${name} is well again: it failed ${times} in ${formatDurationMs(Math.max(1_000, row.failingMs))}`;
  if (row.seenCount >= toldFrom) raiseNotice(tx, { ...notice, level: "info", text });
  return true;
}

/** "5 times since Monday" */
function timesSince(
  { seenCount, since, now }: { seenCount: number; since: Date; now: Date },
  timeZone: string,
): string {
  const isRecent = now.getTime() - since.getTime() < weekMs;
  const day = since.toLocaleDateString("en", {
    timeZone,
    ...(isRecent ? { weekday: "long" } : { day: "numeric", month: "long", year: "numeric" }),
  });
  return `${seenCount} times since ${day}`;
}
