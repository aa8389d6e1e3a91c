/**
 * Records ticks: decides overlap and active hours, writes the rows, and starts the runs of exactly the new rows. The only place that writes ticks,
 * whether fired by the clock, an event or a person.
 */
import { createId, type JsonObject } from "@roost/base";
import type { Labels } from "@roost/contract/labels";
import { cancelRunsIn, createRuns, type KernelTransaction, type NewRun } from "@roost/kernel";
import { createRefuseOverRate, startLimitsOfJob, type RefuseOverRate } from "./refuse-over-rate.ts";
import { isActiveAt } from "./active-hours.ts";
import { clipReason, type StoredJob } from "./job-row.ts";
import { decideOverlap, queuedRunsMax, type LiveRun } from "./decide-overlap.ts";
import { labelsOfJob } from "./emit-job-event.ts";
import { inputOfDefinition, runOfDefinition } from "./run-of-definition.ts";
import { onTimeMsMax } from "./plan-ticks.ts";

export interface NewTick {
  /** Locked by this transaction. */
  job: StoredJob;
  key: string;
  atMs: number;
  outcome: "fire" | "skipped" | "missed";
  reason?: string | undefined;
  lateMs: number;
  missedCount: number;
  untilMs?: number | undefined;
  /** One line: why the run ran. */
  why: string;
  /** Not before; default at once. */
  startAtMs?: number | undefined;
  /** Runs whatever other runs the job has. */
  isForced?: boolean;
  ignoresHours?: boolean;
  isCaughtUp?: boolean;
  causation?: string | undefined;
  correlation?: string | undefined;
  traceparent?: string | undefined;
  /** Labels of what fired it: its run has them from the start. Default: the person's. */
  labels?: Labels | undefined;
  /** Added to the run's input. */
  input?: JsonObject;
}

export interface RecordedTick {
  jobId: string;
  key: string;
  outcome: "fired" | "skipped" | "missed";
  reason: string | undefined;
  runId: string | undefined;
  /** For a tick that was to fire but does not: missed moments that its run would have been told of. */
  untoldCount: number | undefined;
}

interface Decided {
  tick: NewTick;
  outcome: RecordedTick["outcome"];
  reason: string | undefined;
  runId: string | undefined;
  eventId: string;
  isSerial: boolean;
  cancel: LiveRun[];
}

/** Records the ticks in order. Ticks recorded before are not in the answer and start nothing. */
export async function recordTicks(tx: KernelTransaction, ticks: NewTick[], nowMs: number): Promise<RecordedTick[]> {
  if (ticks.length === 0) return [];
  const live = await readLiveRuns(tx, ticks);
  const refuseOverRate = await createRefuseOverRate(tx, ticks);
  const decided = decideInTurn(ticks, (tick) => decide(tick, { live, nowMs, refuseOverRate }));
  const inserted = await insertTicks(tx, decided);
  const recorded = decided.filter(({ tick }) => inserted.has(`${tick.job.id} ${tick.key}`));
  const runs: NewRun[] = [];
  for (const entry of recorded) {
    emitTick(tx, entry);
    if (entry.runId !== undefined) runs.push(newRun(entry, entry.runId));
  }
  // Cancels before creations: runs are locked before serial keys.
  const cancels = recorded.flatMap(({ tick, cancel }) =>
    cancel.map((run) => ({
      runId: run.id,
      reason: `tick ${tick.key} of job ${tick.job.id} replaces it`,
      by: `job:${tick.job.id}`,
    })),
  );
  if (cancels.length > 0) await cancelRunsIn(tx, cancels);
  if (runs.length > 0) await createRuns(tx, runs);
  return recorded.map(({ tick, outcome, reason, runId }) => ({
    jobId: tick.job.id,
    key: tick.key,
    outcome,
    reason,
    runId,
    untoldCount: untoldBy(tick, outcome),
  }));
}

/** Missed moments are passed on to the job's next run when there is none for this tick. */
function decideInTurn(ticks: NewTick[], decideOne: (tick: NewTick) => Decided): Decided[] {
  const untold = new Map<string, number>();
  return ticks.map((tick) => {
    if (tick.outcome !== "fire") return decideOne(tick);
    const missedCount = tick.missedCount + (untold.get(tick.job.id) ?? 0);
    const decided = decideOne({ ...tick, missedCount });
    untold.set(tick.job.id, untoldBy(decided.tick, decided.outcome) ?? 0);
    return decided;
  });
}

function untoldBy(tick: NewTick, outcome: RecordedTick["outcome"]): number | undefined {
  if (tick.outcome !== "fire") return undefined;
  return outcome === "fired" ? 0 : tick.missedCount;
}

async function readLiveRuns(tx: KernelTransaction, ticks: NewTick[]): Promise<Map<string, LiveRun[]>> {
  const asking = ticks.filter(
    (tick) => tick.outcome === "fire" && tick.isForced !== true && tick.job.definition.overlap !== "allow",
  );
  const ids = [...new Set(asking.map((tick) => tick.job.id))];
  const live = new Map<string, LiveRun[]>(ids.map((id) => [id, []]));
  if (ids.length === 0) return live;
  // Only as many rows as are needed to decide.
  const rows = await tx.query<LiveRun & { jobId: string }>(
    `select live.job_id as "jobId", live.id, live.state, live.serial_key as "serialKey", live.started_at as "startedAt"
     from unnest($1::text[]) as asked(job_id), lateral (
       select run.* from roost.run where run.job_id = asked.job_id and run.ended_at is null order by run.created_at, run.id limit $2) as live`,
    [ids, queuedRunsMax + 1],
    { name: "tick-live-runs" },
  );
  for (const { jobId, ...run } of rows) live.get(jobId)?.push(run);
  return live;
}

function decide(
  tick: NewTick,
  { live, nowMs, refuseOverRate }: { live: Map<string, LiveRun[]>; nowMs: number; refuseOverRate: RefuseOverRate },
): Decided {
  const base = { tick, eventId: createId(), isSerial: false, cancel: [], runId: undefined };
  if (tick.outcome !== "fire") return { ...base, outcome: tick.outcome, reason: tick.reason };
  const { definition, timeZone } = tick.job;
  const hours = definition.activeHours;
  const startMs = tick.lateMs <= onTimeMsMax ? tick.atMs : nowMs;
  if (hours !== undefined && tick.ignoresHours !== true && !isActiveAt(hours, startMs, timeZone)) {
    return { ...base, outcome: "skipped", reason: `outside active hours ${hours.start}–${hours.end}` };
  }
  const going = live.get(tick.job.id) ?? [];
  const decision = decideOverlap(tick.isForced ? "allow" : definition.overlap, going, { isCaughtUp: tick.isCaughtUp });
  if (!decision.fire) return { ...base, outcome: "skipped", reason: decision.reason };
  const overRate = refuseOverRate(tick);
  if (overRate !== undefined) return { ...base, outcome: "skipped", reason: overRate };
  const runId = createId();
  live.set(tick.job.id, [
    ...(decision.cancel.length > 0 ? [] : going),
    { id: runId, state: "queued", serialKey: decision.isSerial ? "" : null, startedAt: null },
  ]);
  return {
    ...base,
    outcome: "fired",
    reason: tick.reason,
    runId,
    isSerial: decision.isSerial,
    cancel: decision.cancel.filter((run) => run.state !== "queued" || run.serialKey !== ""),
  };
}

/** How many moments the row and its event represent; a tick that was to fire and does not represents its own only. */
function missedBy(tick: NewTick, outcome: RecordedTick["outcome"]): number {
  return tick.outcome === "fire" && outcome !== "fired" ? 1 : tick.missedCount;
}

/** The primary key decides: of concurrent inserts of a tick, one finds it new. */
async function insertTicks(tx: KernelTransaction, decided: Decided[]): Promise<Set<string>> {
  const rows = decided.map(({ tick, outcome, reason, runId, eventId }) => ({
    job_id: tick.job.id,
    tick_key: tick.key,
    scheduled_at: new Date(tick.atMs).toISOString(),
    outcome,
    reason: reason === undefined ? null : clipReason(reason),
    run_id: runId ?? null,
    late_ms: Math.max(0, Math.round(tick.lateMs)),
    missed_count: missedBy(tick, outcome),
    until: tick.untilMs === undefined ? null : new Date(tick.untilMs).toISOString(),
    job_version: tick.job.version,
    correlation: tick.correlation ?? eventId,
    event_id: eventId,
  }));
  const inserted = await tx.query<{ id: string }>(
    `insert into roost.tick (job_id, tick_key, scheduled_at, outcome, reason, run_id, late_ms, missed_count, until, job_version, correlation, event_id, recorded_at)
     select job_id, tick_key, scheduled_at, outcome, reason, run_id, late_ms, missed_count, until, job_version, correlation, event_id, roost.now()
     from jsonb_to_recordset($1) as new(job_id text, tick_key text, scheduled_at timestamptz, outcome text, reason text, run_id uuid, late_ms bigint,
       missed_count integer, until timestamptz, job_version integer, correlation text, event_id text)
     on conflict (job_id, tick_key) do nothing
     returning job_id || ' ' || tick_key as id`,
    [JSON.stringify(rows)],
  );
  return new Set(inserted.map((row) => row.id));
}

function emitTick(tx: KernelTransaction, { tick, outcome, reason, runId, eventId }: Decided): void {
  const ticked: JsonObject = {
    jobId: tick.job.id,
    jobVersion: tick.job.version,
    tickKey: tick.key,
    scheduledAt: new Date(tick.atMs).toISOString(),
  };
  const lateMs = Math.max(0, Math.round(tick.lateMs));
  const why = reason === undefined ? {} : { reason: clipReason(reason) };
  const until = tick.untilMs === undefined ? {} : { lastScheduledAt: new Date(tick.untilMs).toISOString() };
  const missedCount = missedBy(tick, outcome);
  const data: Record<RecordedTick["outcome"], JsonObject> = {
    fired: { ...ticked, runId: runId ?? "", lateMs, missedCount, ...why },
    skipped: { ...ticked, lateMs, missedCount, reason: "", ...why, ...until },
    missed: { ...ticked, lateMs, missedCount, reason: "", ...why, ...until },
  };
  tx.emit({
    id: eventId,
    type: `tick.${outcome}`,
    subject: tick.job.id,
    labels: labelsOfJob(tick.job.id, tick.labels),
    data: data[outcome],
    causation: tick.causation ?? tick.job.causeId,
    correlation: tick.correlation,
    traceparent: tick.traceparent,
  });
}

function newRun({ tick, eventId, isSerial }: Decided, runId: string): NewRun {
  const { id, version, definition } = tick.job;
  const lateMs = Math.max(0, Math.round(tick.lateMs));
  const scheduledAt = new Date(tick.atMs);
  // A job of main runs beside the conversation: it never stands before a person's question.
  const serialKey = isSerial ? `job:${id}` : undefined;
  const input: JsonObject = {
    ...inputOfDefinition(definition),
    tick: { key: tick.key, scheduledAt: scheduledAt.toISOString(), lateMs, missedCount: tick.missedCount },
    ...tick.input,
  };
  return {
    id: runId,
    reason: clipReason(tick.why),
    ...runOfDefinition(id, definition),
    input,
    labels: tick.labels,
    job: { id, version, tickKey: tick.key, scheduledAt, lateMs, missedCount: tick.missedCount },
    retry: definition.retry,
    timeoutMs: definition.timeoutMs,
    budget: definition.budget,
    priority: definition.priority,
    queue: definition.queue,
    needs: definition.needs,
    ...startLimitsOfJob(id, definition, input),
    serialKey,
    startAt: tick.startAtMs === undefined ? undefined : new Date(tick.startAtMs),
    correlation: tick.correlation ?? eventId,
    causation: eventId,
    traceparent: tick.traceparent,
  };
}
