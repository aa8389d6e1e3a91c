/** Runs, steps and waits. */
import { z } from "zod";
import { effects } from "../define-operation.ts";
import {
  Count,
  Id,
  Json,
  Name,
  QueueName,
  Reason,
  RecordedError,
  SessionKey,
  SessionKind,
  Slug,
  Time,
  Usd,
  WholeMs,
  ref,
} from "./fields.ts";
import { Budget, JobId } from "./job.ts";
import { Postcondition } from "./postcondition.ts";

export const runStates = [
  "ready",
  "queued",
  "running",
  "waiting",
  "done",
  "failed",
  "cancelled",
  "diverged",
  "outdated",
] as const;
export const RunState = z
  .enum(runStates)
  .describe(
    "ready: claimable; queued: another run holds its serial key; waiting: for time, an event, a person or a child; outdated: a program that knew its journal is gone, fork it",
  )
  .meta({ id: "RunState" });
export type RunState = z.output<typeof RunState>;

export const waitKinds = ["time", "event", "person", "child", "retry", "resolution", "slot", "rate"] as const;

export const Wait = z
  .object({
    seq: Count.nullable().describe("The waiting step; null when the run waits for its next attempt or its turn"),
    kind: z.enum(waitKinds),
    until: Time.nullable(),
    eventType: Name.nullable(),
    questionId: ref("Question").nullable(),
    childRunId: ref("Run").nullable(),
    text: Reason.describe("What it waits for, in words"),
  })
  .meta({ id: "Wait" });
export type Wait = z.output<typeof Wait>;

const runSummaryFields = {
  id: Id,
  state: RunState,
  title: Name.describe("The job's title, or the beginning of the message"),
  agent: Slug,
  sessionKey: ref("Session", SessionKey).nullable(),
  sessionKind: SessionKind.nullable(),
  jobId: ref("Job", JobId).nullable(),
  parentRunId: ref("Run").nullable(),
  reason: Reason.describe("Why it runs"),
  scheduledAt: Time.nullable(),
  lateMs: WholeMs,
  missedCount: Count,
  attempt: Count,
  attemptsMax: Count,
  workerId: Id.nullable(),
  waitingFor: Reason.nullable(),
  cancelRequestedAt: Time.nullable(),
  error: RecordedError.nullable(),
  costUsd: Usd,
  tokens: Count,
  isRehearsed: z.boolean().describe("There was no model: replies are rehearsed and effects are not performed"),
  createdAt: Time,
  startedAt: Time.nullable(),
  endedAt: Time.nullable(),
};

export const RunSummary = z.object(runSummaryFields).meta({ id: "RunSummary" });
export type RunSummary = z.output<typeof RunSummary>;

export const Run = z
  .object({
    ...runSummaryFields,
    queue: QueueName,
    epoch: Count.describe("Fencing token of its current owner"),
    deadlineAt: Time.nullable(),
    cancelReason: Reason.nullable(),
    budget: Budget.nullable(),
    postconditions: z.array(Postcondition).describe("Conditions at its end"),
    jobVersion: Count.nullable().describe("The job version it started with and keeps"),
    agentVersion: Count.nullable().describe("The agent version it started with and keeps; null: not defined"),
    loopVersion: Count.nullable().describe("The loop version of its journal; null: not claimed yet"),
    retryOf: ref("Run").nullable().describe("The run that it retries"),
    forkedFrom: ref("Run").nullable().describe("The run whose steps before `forkedSeq` it starts with"),
    forkedSeq: Count.nullable(),
    correlation: Id,
    causation: Id.nullable(),
    traceparent: z.string().max(64).nullable(),
    traceId: z.string().max(32).describe("The trace of its spans, in a collector of OpenTelemetry"),
    input: Json,
    output: Json,
  })
  .meta({ id: "Run" });
export type RunRecord = z.output<typeof Run>;

export const Usage = z
  .object({
    inputTokens: Count.optional(),
    outputTokens: Count.optional(),
    cachedTokens: Count.optional().describe("The part of `inputTokens` from the provider's cache"),
    reasoningTokens: Count.optional().describe("The part of `outputTokens` that was reasoning"),
    model: Name.optional().describe("The model that answered"),
    provider: Name.optional(),
    isEstimated: z
      .boolean()
      .optional()
      .describe("The provider did not report all tokens: what is missing is an upper estimate"),
  })
  .meta({ id: "Usage", description: "As reported by the provider, which may omit fields" });

export const stepStates = ["intent", "done", "failed", "unknown", "waiting"] as const;
export const stepOutcomes = ["done", "failed", "not_done"] as const;

export const Step = z
  .object({
    runId: ref("Run"),
    seq: Count,
    name: Name,
    kind: z.string().max(64).describe("model, tool, context, wait, …"),
    effect: z.enum(effects),
    state: z.enum(stepStates),
    attempt: Count,
    idempotencyKey: Id,
    input: Json,
    output: Json,
    error: RecordedError.nullable(),
    usage: Usage.nullable(),
    costUsd: Usd,
    startedAt: Time,
    endedAt: Time.nullable(),
  })
  .meta({ id: "Step" });
export type StepRecord = z.output<typeof Step>;

/** A step without what went in and came out: for lists of many runs. */
export const StepSpan = Step.pick({
  runId: true,
  seq: true,
  name: true,
  kind: true,
  state: true,
  attempt: true,
  startedAt: true,
  endedAt: true,
}).meta({ id: "StepSpan" });
export type StepSpanRecord = z.output<typeof StepSpan>;
