/** Runs, their steps and what they wait for. */
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
    seq: Count.nullable().describe(
      "The step that waits; null for a whole run that waits for its next attempt or its turn",
    ),
    kind: z.enum(waitKinds),
    until: Time.nullable(),
    eventType: Name.nullable(),
    questionId: ref("Question").nullable(),
    childRunId: ref("Run").nullable(),
    text: Reason.describe("What is waited for, in words"),
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
  isRehearsed: z.boolean().describe("No model was there: nothing was thought and no effect performed"),
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
    epoch: Count.describe("Fencing token of its present owner"),
    deadlineAt: Time.nullable(),
    cancelReason: Reason.nullable(),
    budget: Budget.nullable(),
    postconditions: z.array(Postcondition).describe("What must have happened by its end"),
    jobVersion: Count.nullable().describe("Version of its job that it began with and keeps"),
    agentVersion: Count.nullable().describe(
      "Version of its agent that it began with and keeps; null: nobody had defined it",
    ),
    loopVersion: Count.nullable().describe("Version of the loop that began its journal; null: nobody has claimed it"),
    retryOf: ref("Run").nullable().describe("The run that it tries again"),
    forkedFrom: ref("Run").nullable().describe("The run whose steps before `forkedSeq` it began with"),
    forkedSeq: Count.nullable(),
    correlation: Id,
    causation: Id.nullable(),
    traceparent: z.string().max(64).nullable(),
    input: Json,
    output: Json,
  })
  .meta({ id: "Run" });
export type Run = z.output<typeof Run>;

export const Usage = z
  .object({
    inputTokens: Count.optional(),
    outputTokens: Count.optional(),
    cachedTokens: Count.optional().describe("The part of `inputTokens` that came from the provider's cache"),
    reasoningTokens: Count.optional().describe("The part of `outputTokens` that was reasoning"),
    model: Name.optional().describe("The model that answered"),
    provider: Name.optional(),
  })
  .meta({ id: "Usage", description: "As the provider reported it; without what it did not say" });

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
export type Step = z.output<typeof Step>;
