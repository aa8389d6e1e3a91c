/**
 * A rehearsal: hours of the home simulated in a separate database, without a model. Its report names every number that comes neither from the
 * schedules nor from the home as an assumption.
 */
import { z } from "zod";
import { Count, Id, Name, Reason, SessionKey, Time, Usd, WholeMs } from "./fields.ts";
import { JobId, overlapPolicies, tickOutcomes } from "./job.ts";

/** A week. */
export const rehearsalHoursMax = 168;
/** Rows of one kind in a report; more are only counted. */
export const rehearsalRowsMax = 5_000;

export const rehearsalStates = ["playing", "done", "failed", "cancelled"] as const;

export const Rehearsal = z
  .object({
    id: Id,
    state: z.enum(rehearsalStates),
    from: Time,
    until: Time,
    playedUntil: Time.describe("Simulated time reached"),
    runCount: Count.describe("Runs played so far"),
    error: Reason.nullable(),
  })
  .meta({ id: "Rehearsal" });
export type Rehearsal = z.output<typeof Rehearsal>;

const RunName = z.string().max(200).describe("A run by its job and number in the rehearsal: blog-writer#1");
const cost = Usd.nullable().describe("Null when no price is known: see the tokens");

export const ShownSource = z
  .object({
    source: Name.describe("A section of the context, the tools, the conversation, or the prompt"),
    tokens: Count,
  })
  .meta({ id: "ShownSource" });
export type ShownSource = z.output<typeof ShownSource>;

export const RehearsedTick = z
  .object({
    jobId: JobId,
    scheduledAt: Time,
    outcome: z.enum(tickOutcomes),
    reason: Reason.nullable(),
    run: RunName.nullable(),
    lateMs: WholeMs,
  })
  .meta({ id: "RehearsedTick" });
export type RehearsedTick = z.output<typeof RehearsedTick>;

export const RehearsedRun = z
  .object({
    run: RunName,
    jobId: JobId.nullable(),
    sessionKey: SessionKey.nullable(),
    why: Reason,
    wasGoing: z.boolean().describe("It existed before the rehearsal"),
    dueAt: Time,
    startedAt: Time.nullable(),
    endedAt: Time.nullable(),
    waitedMs: WholeMs.describe("From when it was due to when it began: for its serial key, or for a free worker"),
    state: z.string().max(64),
    error: Reason.nullable(),
    shownTokens: Count.describe("Input of its first model call"),
    shown: z.array(ShownSource),
    modelCalls: Count,
    inputTokens: Count,
    outputTokens: Count,
    costUsd: cost,
  })
  .meta({ id: "RehearsedRun" });
export type RehearsedRun = z.output<typeof RehearsedRun>;

export const RehearsedJob = z
  .object({
    jobId: JobId,
    title: Name.nullable(),
    state: z.string().max(64),
    when: Reason.describe("Its trigger, for people"),
    overlap: z.enum(overlapPolicies),
    fired: Count,
    skipped: Count,
    missed: Count,
    reasons: z.array(z.object({ outcome: z.enum(tickOutcomes), reason: Reason, count: Count, firstAt: Time })),
    runs: Count,
    quietRuns: Count.describe("Runs without a model call"),
    failedRuns: Count,
    durationMs: WholeMs.describe("Assumed duration of a run"),
    shownTokens: Count.describe("Median input of the first model call"),
    shownTokensMax: Count,
    shown: z.array(ShownSource).describe("The largest input"),
    modelCalls: Count,
    inputTokens: Count,
    outputTokens: Count,
    costUsd: cost,
  })
  .meta({ id: "RehearsedJob" });
export type RehearsedJob = z.output<typeof RehearsedJob>;

export const RehearsedHour = z
  .object({
    at: Time,
    fired: Count,
    skipped: Count,
    missed: Count,
    goingMax: Count.describe("Maximum concurrent runs"),
    tokens: Count,
    costUsd: cost,
  })
  .meta({ id: "RehearsedHour" });
export type RehearsedHour = z.output<typeof RehearsedHour>;

export const RehearsedOverlap = z
  .object({
    jobId: JobId,
    policy: z.enum(overlapPolicies),
    skipped: Count.describe("Ticks skipped because a run of the job was active"),
    queued: Count.describe("Runs that waited for an earlier one of the job"),
    cancelled: Count.describe("Runs cancelled by a later tick"),
    atOnceMax: Count.describe("Maximum concurrent runs of the job"),
    firstAt: Time,
  })
  .meta({ id: "RehearsedOverlap" });
export type RehearsedOverlap = z.output<typeof RehearsedOverlap>;

export const collisionKinds = ["lock", "state", "file", "subject"] as const;
export const RehearsedCollision = z
  .object({
    kind: z.enum(collisionKinds),
    name: Name.describe("Which lock, state, file, claim scope, or session"),
    jobs: z.array(JobId),
    count: Count.describe("How often two of their runs overlap or wait for each other"),
    firstAt: Time,
    runs: z.array(RunName).max(2).describe("The first two"),
    evidence: Reason.describe("How it is known that these jobs use it"),
  })
  .meta({ id: "RehearsedCollision" });
export type RehearsedCollision = z.output<typeof RehearsedCollision>;

export const RehearsedBurst = z
  .object({ jobs: z.array(JobId), count: Count.describe("How often they are due at the same time"), firstAt: Time })
  .meta({ id: "RehearsedBurst" });
export type RehearsedBurst = z.output<typeof RehearsedBurst>;

export const RehearsedCap = z
  .object({
    scope: Name.describe("run:<job>, job:<id>, agent:<id>, or all"),
    window: z.string().max(16).describe("run, hour, day, month or total"),
    unit: z.enum(["usd", "tokens", "calls"]),
    max: z.number(),
    peak: z.number().describe("The highest spending in a window"),
    peakIn: z.string().max(200).describe("The window: a day, a month, a run"),
    refusals: Count.describe("Model calls refused by it"),
    first: z
      .object({ at: Time, run: RunName, used: z.number(), asked: z.number() })
      .nullable()
      .describe("Where it is first exceeded: the amount used, and the further amount requested"),
  })
  .meta({ id: "RehearsedCap" });
export type RehearsedCap = z.output<typeof RehearsedCap>;

export const Assumption = z
  .object({ about: Name.describe("A job, or the subject"), text: Reason })
  .meta({ id: "Assumption" });
export type Assumption = z.output<typeof Assumption>;

export const RehearsalReport = z
  .object({
    from: Time,
    until: Time,
    hours: Count,
    timeZone: z.string().max(64),
    changes: z.array(z.object({ jobId: JobId, change: z.string().max(16), paths: z.array(z.string().max(500)) })),
    totals: z.object({
      fired: Count,
      skipped: Count,
      missed: Count,
      runs: Count,
      quietRuns: Count,
      failedRuns: Count,
      modelCalls: Count,
      inputTokens: Count,
      outputTokens: Count,
      costUsd: cost,
      goingMax: Count,
      places: Count.describe("Runs that the workers can execute at once"),
      waitedMsMax: WholeMs,
    }),
    timeline: z.array(RehearsedHour),
    jobs: z.array(RehearsedJob),
    overlaps: z.array(RehearsedOverlap),
    collisions: z.array(RehearsedCollision),
    bursts: z.array(RehearsedBurst),
    caps: z.array(RehearsedCap),
    ticks: z.array(RehearsedTick).describe("The first of them; the totals count all"),
    runs: z.array(RehearsedRun).describe("The first of them; the totals count all"),
    assumptions: z.array(Assumption),
  })
  .meta({ id: "RehearsalReport" });
export type RehearsalReport = z.output<typeof RehearsalReport>;
