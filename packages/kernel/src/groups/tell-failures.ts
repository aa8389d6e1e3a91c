/**
 * Reports what a group does not recover from by itself: events given up, an event it stops at, a pin that holds the log. Each emits one event; for
 * failures with a common cause the person gets one notice.
 */
import { RoostError } from "@roost/base";
import { noticeTargetOf } from "./group.ts";
import { clipText, reasonCharsMax } from "@roost/contract/operations";
import { allSteps } from "../each-alone.ts";
import { failureKind } from "../judge-failures.ts";
import type { Kernel } from "../open-kernel.ts";
import { raiseNotice, type RaisedNotice } from "../raise-notice.ts";
import type { KernelTransaction } from "../transact.ts";

/** A group that stops is told of when it has failed so often: sooner it may get over it. */
export const stoppedFailuresMin = 3;
/** What comes within this time of the first is told with it. */
const gatherMs = 5_000;
/** For so long the same cause is not told again. */
const toldMs = 3_600_000;
const toldPinMs = 86_400_000;
/** What retention keeps for longer for a group may have no reader. */
const pinMsMax = 86_400_000;
const failuresPerLookMax = 500;
const keysShown = 5;

interface Failure {
  kind: "given_up" | "stopped" | "pinned";
  group: string;
  /** Of a letter. */
  number: number | null;
  key: string | null;
  topic: string;
  partition: number;
  offset: number;
  eventId: string | null;
  eventType: string | null;
  failureCount: number;
  /** Later ones of its key. */
  waitingCount: number;
  error: { code: string; message: string } | null;
  ageMs: number;
}

/** One look; any number may look. `waitMs`: there is something to tell that others may still join. */
export async function tellFailures(kernel: Kernel): Promise<{ waitMs: number | undefined }> {
  const found = await kernel.database.query<Failure>(failuresSql, [failuresPerLookMax, stoppedFailuresMin, pinMsMax], {
    name: "roost_group_failures",
  });
  if (found.length === 0) return { waitMs: undefined };
  const oldestMs = Math.max(...found.map(({ ageMs }) => ageMs));
  if (oldestMs < gatherMs) return { waitMs: gatherMs - oldestMs };
  const causes = Map.groupBy(found, (each) => `${each.kind} ${each.group} ${causeOf(each)}`);
  await allSteps(
    [...causes].map(
      ([cause, alike]) =>
        () =>
          kernel.transact((tx) => tell(tx, cause, alike)),
    ),
  );
  return { waitMs: undefined };
}

const failuresSql = `
  (select 'given_up' as kind, d.group_name as "group", d.number, d.key, d.topic, d.partition, d."offset", d.event ->> 'id' as "eventId",
     d.event ->> 'type' as "eventType", d.attempts as "failureCount",
     (select count(*)::int from roost.dead_letter b where b.group_name = d.group_name and b.key = d.key and b.number > d.number) as "waitingCount", d.error, (extract(epoch from roost.now() - d.failed_at) * 1000)::float8 as "ageMs"
   from roost.dead_letter d where d.attempts >= d.attempts_max and not d.is_told order by d.number limit $1)
  union all
  (select 'stopped', c.group_name, null, null, c.topic, c.partition, c.failing_offset, e.id, e.type, c.failure_count, 0, c.last_error,
     (extract(epoch from roost.now() - c.failed_at) * 1000)::float8
   from roost.cursor c left join roost.event e on e.topic = c.topic and e.partition = c.partition and e."offset" = c.failing_offset
   where c.failing_offset = c.next_offset and c.failure_count >= $2 and c.told_offset is distinct from c.failing_offset limit $1)
  union all
  (select 'pinned', g.name, null, null, h.topic, h.partition, e."offset", e.id, e.type, 0, 0, null, (extract(epoch from roost.now() - e.time) * 1000)::float8
   from roost.consumer_group g join roost.partition_head h on h.topic = any(g.pinned_topics) join roost.topic t on t.name = h.topic
   left join roost.cursor c on c.group_name = g.name and c.topic = h.topic and c.partition = h.partition
   join roost.event e on e.topic = h.topic and e.partition = h.partition and e."offset" = greatest(coalesce(c.next_offset, 0), h.first_offset, t.offsets_from)
   where e.time < roost.now() - $3 * interval '1 millisecond' and not exists (
     select from roost.idempotency_key k where k.scope = 'group_told' and k.key = left('pinned ' || g.name || ' ' || h.topic, 200) and k.expires_at > roost.now())
   limit $1)`;

function causeOf({ kind, topic, key, error }: Failure): string {
  return kind === "pinned" || error === null
    ? topic
    : failureKind({ id: key ?? topic, error: new RoostError(error.code as "internal", error.message) });
}

/** Invariant: events, marks and the notice commit together, so of many that see a failure one tells it. */
async function tell(tx: KernelTransaction, cause: string, alike: Failure[]): Promise<void> {
  const marked = await mark(tx, alike);
  const [first] = marked;
  if (first === undefined) return;
  const causations = marked.filter(({ kind }) => kind !== "pinned").map((each) => emitFailed(tx, each));
  const [row] = await tx.query<{ isNew: boolean }>(
    `insert into roost.idempotency_key as known (scope, key, created_at, expires_at)
     values ('group_told', left($1, 200), roost.now(), roost.now() + $2 * interval '1 millisecond')
     on conflict (scope, key) do update set created_at = excluded.created_at, expires_at = excluded.expires_at where known.expires_at <= roost.now()
     returning true as "isNew"`,
    [cause, first.kind === "pinned" ? toldPinMs : toldMs],
  );
  if (row === undefined) return;
  // A notice that a target is dead would only follow those it did not take.
  const target = noticeTargetOf(first.group) === undefined ? undefined : "console";
  raiseNotice(tx, {
    level: "warning",
    source: "scheduler",
    causation: causations[0],
    target,
    ...noticeOf(first, marked),
  });
}

/** Those that were not told meanwhile. */
async function mark(tx: KernelTransaction, alike: Failure[]): Promise<Failure[]> {
  const letters = await tx.query<{ number: number }>(
    "update roost.dead_letter set is_told = true where number = any($1::bigint[]) and not is_told returning number",
    [alike.flatMap(({ number }) => number ?? [])],
  );
  const numbers = new Set(letters.map(({ number }) => number));
  const marked: Failure[] = [];
  for (const each of alike) {
    if (each.kind === "stopped") {
      const rows = await tx.query(
        `update roost.cursor set told_offset = failing_offset where group_name = $1 and topic = $2 and partition = $3
           and failing_offset = $4 and told_offset is distinct from $4 returning 1`,
        [each.group, each.topic, each.partition, each.offset],
      );
      if (rows.length === 1) marked.push(each);
    } else if (each.number === null || numbers.has(each.number)) marked.push(each);
  }
  return marked;
}

function emitFailed(tx: KernelTransaction, failed: Failure): string {
  const { group, topic, partition, offset, eventId, eventType, failureCount, error } = failed;
  return tx.emit({
    type: "consumer.failed",
    subject: group,
    causation: eventId ?? undefined,
    data: {
      group,
      topic,
      partition,
      offset,
      ...(eventId === null || eventType === null ? {} : { eventId, eventType }),
      failureCount,
      error: error ?? { code: "internal", message: "no reason" },
    },
  });
}

/** Of Roost's own groups, what a key is. */
const kinds: Readonly<Record<string, "job" | "run">> = { "roost.event-jobs": "job", "roost.event-waits": "run" };

function noticeOf(first: Failure, alike: Failure[]): Pick<RaisedNotice, "text" | "jobId" | "runId"> {
  const { group, key, error, number } = first;
  const what = kinds[group];
  if (first.kind !== "given_up") return { text: clip(first.kind === "pinned" ? pinText(first) : stopText(first)) };
  if (noticeTargetOf(group) !== undefined) return { text: clip(unsentText(first, alike)) };
  const keys = [...new Set(alike.flatMap((each) => each.key ?? []))];
  const of = what === undefined ? `${group} for` : `the ${what}${keys.length === 1 ? "" : "s"}`;
  const shown =
    keys.slice(0, keysShown).join(", ") + (keys.length > keysShown ? ` and ${keys.length - keysShown} more` : "");
  const reason = error?.message ?? "no reason";
  if (alike.length > 1) {
    const next = `See roost log dead: roost log retry --group ${group} tries them again`;
    return {
      text: clip(
        `${alike.length} events could not be delivered to ${of} ${shown}, all for the same reason: ${reason}. ${next}`,
      ),
    };
  }
  const behind = first.waitingCount === 0 ? "" : `; ${first.waitingCount} later events wait behind it`;
  const text =
    `The event ${nameOf(first)} could not be delivered to ${of} ${shown} in ${first.failureCount} attempts: ${reason}${behind}. ` +
    `${what === undefined ? "See" : `Change the ${what}, or see`} roost log dead: roost log retry ${number} tries again, with --drop it is discarded`;
  return { text: clip(text), ...(what === "job" ? { jobId: key! } : what === "run" ? { runId: key! } : {}) };
}

function unsentText({ group, failureCount, error, number }: Failure, alike: Failure[]): string {
  const [what, which] = alike.length === 1 ? ["A notice", number] : [`${alike.length} notices`, `--group ${group}`];
  const target = noticeTargetOf(group);
  return `${what} could not be sent to ${target === "webhook" ? "the webhook" : target} in ${failureCount} attempts: ${error?.message ?? "no reason"}. roost log retry ${which} tries again`;
}

function stopText(stopped: Failure): string {
  const { group, topic, partition, failureCount, error } = stopped;
  return (
    `${group} stops at the event ${nameOf(stopped)}, which failed ${failureCount} times: ${error?.message ?? "no reason"}. ` +
    `It goes on by itself when the event succeeds; to pass over it: roost log groups skip ${group} ${topic}/${partition}`
  );
}

function pinText({ group, topic, partition, ageMs }: Failure): string {
  const days = Math.floor(ageMs / 86_400_000);
  return (
    `Retention of ${topic} waits for ${group}, which has not read ${topic}/${partition} for ${days} days. ` +
    `Start what reads it, or give its place up: roost log groups reset ${group} --to latest, roost log groups remove ${group}`
  );
}

function nameOf({ eventType, eventId, topic, partition, offset }: Failure): string {
  return `${eventType ?? "that is not kept"} (offset ${offset} of ${topic}/${partition}${eventId === null ? "" : `, id ${eventId}`})`;
}

function clip(text: string): string {
  return clipText(text, reasonCharsMax);
}
