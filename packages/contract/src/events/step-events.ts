/** Topic `runs`: steps of runs. The subject is the run's id, to keep their order with its other events. */
import { z } from "zod";
import { defineEvent } from "../define-event.ts";
import { effects } from "../define-operation.ts";
import { Count, Id, Name, Reason, RecordedError, Usd, WholeMs } from "../records/fields.ts";
import { stepOutcomes, Usage } from "../records/run.ts";

const topic = "runs";
const subject = "run id";
const version = 1;

const step = { runId: Id, seq: Count, name: Name, kind: z.string().max(64), attempt: Count };

export const stepStarted = defineEvent({
  type: "step.started",
  version,
  topic,
  subject,
  schema: z.object({ ...step, effect: z.enum(effects), idempotencyKey: Id }),
});

export const stepDone = defineEvent({
  type: "step.done",
  version,
  topic,
  subject,
  schema: z.object({ ...step, costUsd: Usd.optional(), usage: Usage.optional(), durationMs: WholeMs.optional() }),
});

export const stepFailed = defineEvent({
  type: "step.failed",
  version,
  topic,
  subject,
  schema: z.object({
    ...step,
    error: RecordedError,
    costUsd: Usd.optional(),
    usage: Usage.optional(),
    durationMs: WholeMs.optional(),
  }),
});

export const stepUnknown = defineEvent({
  type: "step.unknown",
  version,
  topic,
  subject,
  schema: z.object({ ...step, effect: z.enum(effects), idempotencyKey: Id, reason: Reason }),
});

export const stepResolved = defineEvent({
  type: "step.resolved",
  version,
  topic,
  subject,
  schema: z.object({
    runId: Id,
    seq: Count,
    name: Name.optional(),
    outcome: z.enum(stepOutcomes),
    note: Reason.optional(),
    by: Name,
  }),
});

export const stepEvents = [stepStarted, stepDone, stepFailed, stepUnknown, stepResolved] as const;
