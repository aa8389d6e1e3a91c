/**
 * Defines and changes jobs. An unchanged definition changes nothing and emits nothing; a changed one becomes the next version and loses no tick
 * that was due.
 */
import { createId, RoostError, type JsonValue } from "@roost/base";
import { raiseNotice, resetAttempts, type Kernel, type KernelTransaction } from "@roost/kernel";
import { pausedByDefinition, pauseStart, planChange } from "./plan-change.ts";
import { compareDefinitions, type Difference } from "./compare-definitions.ts";
import { emitJobEvent, type JobCause } from "./emit-job-event.ts";
import { firstTick, type NextTick } from "./job-moments.ts";
import { clipReason, lockJob, type StoredJob } from "./job-row.ts";
import type { KnownNames } from "./known-names.ts";
import { readDefinition, type ReadDefinition } from "./read-definition.ts";
import { closeWindows, eventJobGroupName } from "./gather-events.ts";
import { settleDueTicks } from "./settle-due-ticks.ts";
import { topicHeads } from "./topic-heads.ts";
import { topicOf } from "./topic-of.ts";
import type { Trigger } from "./trigger.ts";

export interface DefineJobOptions extends JobCause {
  by: string;
  /** The set that the job belongs to: a file, a directory. */
  source?: string | undefined;
  /** IANA time zone of triggers and active hours that name none. Default UTC. */
  timeZone?: string | undefined;
  /** Refused unless the job has this version; 0: create only. */
  expectedVersion?: number | undefined;
  /** Names that the definition may use; left out, they are not checked. */
  known?: KnownNames | undefined;
}

export type JobChangeKind = "created" | "changed" | "unchanged" | "removed";

export interface ChangedJob {
  jobId: string;
  change: JobChangeKind;
  version: number;
  differences: Difference[];
  /** Its next due time, current or resulting. */
  nextAt: Date | null;
  /** It had been removed, and no person defined it again. */
  isAgain?: true;
  /** For merges: fields changed on both sides and kept as they are here. */
  kept?: string[] | undefined;
}

/** @throws invalid_input for an invalid definition, conflict for another version than expected */
export async function defineJob(kernel: Kernel, written: unknown, options: DefineJobOptions): Promise<ChangedJob> {
  const read = readDefinition(written, options.timeZone ?? "UTC");
  const topic = await topicOf(kernel, read, options.known);
  return kernel.transact((tx) => defineJobWithin(tx, read, { ...options, topic }));
}

export interface DefineJobWithinOptions extends DefineJobOptions {
  topic: string | null;
  /** Only report what would change. */
  dryRun?: boolean | undefined;
  /** One that is created begins paused, until a person resumes it, or has fired for the last time elsewhere. */
  whenNew?: { state: "paused"; reason: string | null } | { state: "finished" } | undefined;
}

export async function defineJobWithin(
  tx: KernelTransaction,
  read: ReadDefinition,
  options: DefineJobWithinOptions,
): Promise<ChangedJob> {
  const found = await lockJob(tx, read.id, { removed: true });
  if (found === undefined || found.job.state === "removed") {
    refuseOtherVersion(read.id, options.expectedVersion, 0);
    if (options.dryRun === true) {
      const nowMs = found?.nowMs ?? (await databaseNow(tx)).getTime();
      return created(read, { ...firstMoment(read, new Date(nowMs)) });
    }
    if (found === undefined) return (await insertJob(tx, read, options)) ?? defineJobWithin(tx, read, options);
    const changed = await changeJob(tx, found.job, read, { ...options, nowMs: found.nowMs });
    if (!/^(?:session|job):/.test(options.by)) return changed;
    tellAgain(tx, read.id, options);
    return { ...changed, isAgain: true };
  }
  refuseOtherVersion(read.id, options.expectedVersion, found.job.version);
  return changeJob(tx, found.job, read, { ...options, nowMs: found.nowMs });
}

/** A session or a job that still believed in a job which was removed brings it back: the person hears of it. */
function tellAgain(tx: KernelTransaction, jobId: string, { by, causation }: DefineJobWithinOptions): void {
  const text = `Job ${jobId}, which had been removed, was defined again by ${by}. If you do not want it: roost jobs remove ${jobId}`;
  raiseNotice(tx, { level: "warning", text, source: "scheduler", jobId, causation });
}

function refuseOtherVersion(jobId: string, expected: number | undefined, version: number): void {
  if (expected === undefined || expected === version) return;
  throw new RoostError(
    "conflict",
    `The job "${jobId}" is at version ${version}, not ${expected}: check it again before changing it`,
    { details: { version } },
  );
}

function created(read: ReadDefinition, { nextAt }: NextTick): ChangedJob {
  const differences = compareDefinitions({}, read.definition as JsonValue);
  return { jobId: read.id, change: "created", version: 1, differences, nextAt };
}

async function databaseNow(tx: KernelTransaction): Promise<Date> {
  const [clock] = await tx.query<{ now: Date }>("select roost.now() as now");
  return clock?.now ?? new Date(0);
}

const noMoment: NextTick = { nextAt: null, fireAt: null };

function firstMoment(read: ReadDefinition, now: Date): NextTick {
  return read.definition.enabled ? firstTick({ ...read, anchorAt: now }, now.getTime()) : noMoment;
}

/** Who pauses a job that begins paused, and why. */
function firstPause(
  read: ReadDefinition,
  { by, whenNew }: DefineJobWithinOptions,
): { by: string; reason: string | null } | undefined {
  if (!read.definition.enabled) return { by: pausedByDefinition, reason: disabledReason };
  if (whenNew?.state !== "paused") return undefined;
  return { by, reason: whenNew.reason === null ? null : clipReason(whenNew.reason) };
}

/** undefined: it was defined concurrently. */
async function insertJob(
  tx: KernelTransaction,
  read: ReadDefinition,
  options: DefineJobWithinOptions,
): Promise<ChangedJob | undefined> {
  const [now, pause] = [await databaseNow(tx), firstPause(read, options)];
  const state = pause !== undefined ? "paused" : (options.whenNew?.state ?? "active");
  const { nextAt, fireAt } = state === "active" ? firstMoment(read, now) : noMoment;
  const eventId = createId();
  const rows = await tx.query(
    `insert into roost.job (id, version, state, definition, trigger, time_zone, next_at, fire_at, anchor_at, topic, from_offsets, defined_by, source,
       paused_at, paused_by, paused_reason, cause_id, created_at, updated_at)
     values ($1, 1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $8, $8)
     on conflict (id) do nothing returning id`,
    [
      read.id,
      state,
      JSON.stringify(read.definition),
      JSON.stringify(read.trigger),
      options.timeZone ?? "UTC",
      nextAt,
      fireAt,
      now,
      options.topic,
      await fromOffsets(tx, options.topic),
      options.by,
      options.source ?? null,
      pause === undefined ? null : now,
      pause?.by ?? null,
      pause?.reason ?? null,
      eventId,
    ],
  );
  if (rows.length === 0) return undefined;
  await recordVersion(tx, read.id);
  emitJobEvent(tx, "job.defined", {
    id: eventId,
    jobId: read.id,
    data: { jobVersion: 1, definition: read.definition, by: options.by },
    cause: options,
  });
  tx.wake("jobs");
  return created(read, { nextAt, fireAt });
}

const disabledReason = "disabled in its definition";

async function changeJob(
  tx: KernelTransaction,
  stored: StoredJob,
  read: ReadDefinition,
  options: DefineJobWithinOptions & { nowMs: number },
): Promise<ChangedJob> {
  const timeZone = options.timeZone ?? "UTC";
  const differences = compareDefinitions(stored.definition as JsonValue, read.definition as JsonValue);
  const triggerDiffers = compareDefinitions(stored.trigger, read.trigger).length > 0;
  if (timeZone !== stored.timeZone && (triggerDiffers || read.definition.activeHours !== undefined)) {
    differences.push({ path: "timeZone", before: stored.timeZone, after: timeZone });
  }
  const isBack = stored.state === "removed";
  const change: JobChangeKind = isBack ? "created" : differences.length > 0 || triggerDiffers ? "changed" : "unchanged";
  const told = { jobId: read.id, change, version: stored.version, differences };
  const { nowMs } = options;
  if (options.dryRun === true) return { ...told, nextAt: planChange(read, stored, { triggerDiffers, nowMs }).nextAt };
  if (change === "unchanged") {
    const source = options.source ?? stored.source;
    if (source !== stored.source) await tx.query("update roost.job set source = $2 where id = $1", [stored.id, source]);
    return { ...told, nextAt: stored.nextAt };
  }
  const job = await settleBefore(tx, stored, { triggerDiffers, isEnabled: read.definition.enabled, nowMs });
  const pause = isBack ? firstPause(read, options) : { by: pausedByDefinition, reason: disabledReason };
  const planned = planChange(read, job, { triggerDiffers, nowMs });
  const begun = isBack ? (pause === undefined ? options.whenNew?.state : "paused") : undefined;
  const { state, anchorAt, nextAt, fireAt } = begun === undefined ? planned : { ...planned, state: begun, ...noMoment };
  const version = stored.version + 1;
  const isPausedNow = state === "paused" && job.state !== "paused";
  const eventId = createId();
  const keepsOffsets = options.topic === job.topic && eventTypeOf(job.trigger) === eventTypeOf(read.trigger) && !isBack;
  await tx.query(
    `update roost.job set version = $2, state = $3, definition = $4, trigger = $5, time_zone = $6, next_at = $7, fire_at = $8, anchor_at = $9, topic = $10,
       from_offsets = $11, defined_by = $12, source = $13, cause_id = $14, updated_at = roost.now(),
       paused_at = case when $3 <> 'paused' then null when $15::timestamptz is not null then $15 else paused_at end,
       paused_by = case when $3 <> 'paused' then null when $15 is not null then $16 else paused_by end,
       paused_reason = case when $3 <> 'paused' then null when $15 is not null then $17 else paused_reason end
     where id = $1`,
    [
      job.id,
      version,
      nextAt === null && state === "active" && isTimed(read) ? "finished" : state,
      JSON.stringify(read.definition),
      JSON.stringify(read.trigger),
      timeZone,
      nextAt,
      fireAt,
      anchorAt,
      options.topic,
      keepsOffsets ? JSON.stringify(job.fromOffsets) : await fromOffsets(tx, options.topic),
      options.by,
      options.source ?? job.source,
      eventId,
      isPausedNow ? pauseStart(job, nowMs) : null,
      pause?.by ?? null,
      pause?.reason ?? null,
    ],
  );
  await recordVersion(tx, job.id);
  // Dead letters of the old definition are tried with the new one.
  if (job.topic !== null) await resetAttempts(tx, { group: eventJobGroupName, key: job.id });
  announceChange(tx, job, read, { ...options, eventId, version, isBack, differences });
  return { ...told, version, nextAt };
}

function announceChange(
  tx: KernelTransaction,
  job: StoredJob,
  read: ReadDefinition,
  {
    eventId,
    version,
    isBack,
    differences,
    ...options
  }: DefineJobWithinOptions & {
    eventId: string;
    version: number;
    isBack: boolean;
    differences: Difference[];
  },
): void {
  const changed = isBack
    ? {}
    : { changed: differences.slice(0, 100).map((difference) => difference.path.slice(0, 200)) };
  emitJobEvent(tx, isBack ? "job.defined" : "job.changed", {
    id: eventId,
    jobId: job.id,
    data: { jobVersion: version, definition: read.definition, by: options.by, ...changed },
    cause: { causation: job.causeId, ...options },
  });
  tx.wake("jobs");
}

/** Due moments of the old trigger would be lost under a new one; with the same trigger they stay due. Gathered events fire first. */
async function settleBefore(
  tx: KernelTransaction,
  stored: StoredJob,
  { triggerDiffers, isEnabled, nowMs }: { triggerDiffers: boolean; isEnabled: boolean; nowMs: number },
): Promise<StoredJob> {
  const job = triggerDiffers ? await settleDueTicks(tx, stored, { nowMs, isLast: true }) : stored;
  if (triggerDiffers || !isEnabled) {
    await closeWindows(tx, stored, { nowMs, reason: "early, because the job is being changed" });
  }
  return job;
}

function eventTypeOf(trigger: Trigger): string | undefined {
  return trigger.kind === "event" ? trigger.eventType : undefined;
}

function isTimed({ trigger }: ReadDefinition): boolean {
  return trigger.kind === "cron" || trigger.kind === "every" || trigger.kind === "at";
}

async function fromOffsets(tx: KernelTransaction, topic: string | null): Promise<string | null> {
  return topic === null ? null : JSON.stringify(await topicHeads(tx, topic));
}

/** Invariant: a version of a job is written in the transaction that makes it. */
async function recordVersion(tx: KernelTransaction, jobId: string): Promise<void> {
  await tx.query(
    `insert into roost.job_version (job_id, version, definition, time_zone, defined_by, defined_at, event_id)
     select id, version, definition, time_zone, defined_by, updated_at, cause_id from roost.job where id = $1`,
    [jobId],
  );
}
