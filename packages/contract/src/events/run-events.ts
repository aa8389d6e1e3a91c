/** Topic `runs`: runs, their leases and their budgets. The subject is the run's id. */
import { z } from "zod";
import { defineEvent } from "../define-event.ts";
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
  TickKey,
  Time,
  Usd,
  WholeMs,
} from "../records/fields.ts";
import { waitKinds } from "../records/run.ts";

const topic = "runs";
const subject = "run id";
const version = 1;

/** Fields of the run that save the reader of an event a lookup. */
const run = {
  runId: Id,
  agent: Slug.optional(),
  sessionKey: SessionKey.optional(),
  sessionKind: SessionKind.optional(),
  jobId: Slug.optional(),
  parentRunId: Id.optional(),
};
const spent = {
  costUsd: Usd.optional(),
  tokens: Count.optional(),
  durationMs: WholeMs.optional(),
  isRehearsed: z.boolean().optional(),
};

export const runCreated = defineEvent({
  type: "run.created",
  version,
  topic,
  subject,
  schema: z.object({
    ...run,
    state: z.enum(["ready", "queued", "waiting"]),
    queue: QueueName,
    reason: Reason,
    agentVersion: Count.optional(),
    tickKey: TickKey.optional(),
    scheduledAt: Time.optional(),
    lateMs: WholeMs.optional(),
    missedCount: Count.optional(),
    isRehearsed: z.boolean().optional(),
  }),
});

export const runStarted = defineEvent({
  type: "run.started",
  version,
  topic,
  subject,
  schema: z.object({ ...run, workerId: Id, epoch: Count, attempt: Count }),
});

export const runWaiting = defineEvent({
  type: "run.waiting",
  version,
  topic,
  subject,
  schema: z.object({
    ...run,
    seq: Count.optional(),
    kind: z.enum(waitKinds),
    until: Time.optional(),
    eventType: Name.optional(),
    questionId: Id.optional(),
    childRunId: Id.optional(),
  }),
});

export const runResumed = defineEvent({
  type: "run.resumed",
  version,
  topic,
  subject,
  schema: z.object({ ...run, seq: Count.optional(), reason: Reason.optional() }),
});

export const runRetrying = defineEvent({
  type: "run.retrying",
  version,
  topic,
  subject,
  schema: z.object({
    ...run,
    attempt: Count,
    attemptsMax: Count,
    retryAt: Time.optional(),
    error: RecordedError.optional(),
    reason: Reason.optional(),
  }),
});

export const runDone = defineEvent({
  type: "run.done",
  version,
  topic,
  subject,
  schema: z.object({ ...run, ...spent, output: Json.optional(), reason: Reason.optional() }),
});

export const runFailed = defineEvent({
  type: "run.failed",
  version,
  topic,
  subject,
  schema: z.object({
    ...run,
    ...spent,
    error: RecordedError,
    output: Json.optional(),
    attempt: Count.optional(),
    reason: Reason.optional(),
  }),
});

export const runCancelling = defineEvent({
  type: "run.cancelling",
  version,
  topic,
  subject,
  schema: z.object({ ...run, reason: Reason, by: Name }),
});

export const runCancelled = defineEvent({
  type: "run.cancelled",
  version,
  topic,
  subject,
  schema: z.object({ ...run, ...spent, reason: Reason, by: Name.optional(), output: Json.optional() }),
});

export const runDiverged = defineEvent({
  type: "run.diverged",
  version,
  topic,
  subject,
  schema: z.object({
    ...run,
    ...spent,
    seq: Count,
    recorded: Json.optional().describe("The recorded step"),
    replayed: Json.optional().describe("The step of this execution"),
    reason: Reason,
  }),
});

/** No program continues its journal any more. */
export const runOutdated = defineEvent({
  type: "run.outdated",
  version,
  topic,
  subject,
  schema: z.object({ ...run, ...spent, loopVersion: Count, reason: Reason }),
});

export const leaseLost = defineEvent({
  type: "lease.lost",
  version,
  topic,
  subject,
  schema: z.object({ ...run, epoch: Count, workerId: Id.optional(), reason: Reason }),
});

export const budgetRefused = defineEvent({
  type: "budget.refused",
  version,
  topic,
  subject,
  schema: z.object({
    ...run,
    scope: Name.describe("The cap that refused: run, job:<id>, agent:<id>, day"),
    usdAsked: Usd,
    tokensAsked: Count,
    costUsd: Usd.optional(),
    usdMax: Usd.optional(),
    tokens: Count.optional(),
    tokensMax: Count.optional(),
  }),
});

export const runEvents = [
  runCreated,
  runStarted,
  runWaiting,
  runResumed,
  runRetrying,
  runDone,
  runFailed,
  runCancelling,
  runCancelled,
  runDiverged,
  runOutdated,
  leaseLost,
  budgetRefused,
] as const;
