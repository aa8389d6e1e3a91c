/**
 * The events of runs and steps: gives each its subject, key, cause, correlation and labels (those of the run), and clips texts to the lengths that
 * schemas allow. All events of a run share a partition and keep their order.
 */
import type { JsonObject, JsonValue } from "@roost/base";
import type { RoostEventData } from "@roost/contract/events";
import { clipText } from "@roost/contract/operations";
import type { KernelTransaction } from "../transact.ts";
import type { RunHead } from "./lock-runs.ts";
import type { Run, RunError, Step } from "./run.ts";

type RunEventType =
  | "run.created"
  | "run.started"
  | "run.waiting"
  | "run.resumed"
  | "run.retrying"
  | "run.done"
  | "run.failed"
  | "run.cancelling"
  | "run.cancelled"
  | "run.diverged"
  | "run.outdated"
  | "lease.lost"
  | "budget.refused";
type StepEventType = "step.started" | "step.done" | "step.failed" | "step.unknown" | "step.resolved";

/** Fields of a run in all its events. */
export type EventRun = Pick<
  Run,
  "id" | "agent" | "sessionKey" | "sessionKind" | "jobId" | "parentRunId" | "correlation" | "traceparent" | "labels"
> & { causeId: string | null };

const runFieldNames = ["runId", "agent", "sessionKey", "sessionKind", "jobId", "parentRunId"] as const;
type OwnData<Data> = Omit<Data, (typeof runFieldNames)[number]>;

/** Outputs up to this length are in the event that ends their run, longer ones only in its row. */
const eventOutputCharsMax = 32_768;
const reasonCharsMax = 2_000;
const errorCharsMax = 4_000;

export function emitRunEvent<Type extends RunEventType>(
  tx: KernelTransaction,
  type: Type,
  run: EventRun,
  data: OwnData<RoostEventData<Type>>,
  options: { id?: string; causation?: string } = {},
): string {
  return tx.emit({
    type,
    subject: run.id,
    data: present({
      runId: run.id,
      agent: run.agent,
      sessionKey: run.sessionKey,
      sessionKind: run.sessionKind,
      jobId: run.jobId,
      parentRunId: run.parentRunId,
      ...data,
    }),
    correlation: run.correlation,
    labelSet: run.labels,
    causation: options.causation ?? run.causeId ?? undefined,
    traceparent: run.traceparent ?? undefined,
    id: options.id,
  });
}

/** Fields of the run in events of a step. */
export type StepRun = Pick<EventRun, "id" | "correlation" | "causeId" | "traceparent" | "labels">;

/** Fields of a step in all its events. */
export type EventStep = Pick<Step, "seq" | "name" | "kind" | "attempt">;

export function emitStepEvent<Type extends StepEventType>(
  tx: KernelTransaction,
  type: Type,
  run: StepRun,
  step: EventStep,
  data: Omit<RoostEventData<Type>, "runId" | "seq" | "name" | "kind" | "attempt">,
): string {
  const named = { runId: run.id, seq: step.seq, name: step.name };
  return tx.emit({
    type,
    subject: run.id,
    data: present(
      type === "step.resolved" ? { ...named, ...data } : { ...named, kind: step.kind, attempt: step.attempt, ...data },
    ),
    correlation: run.correlation,
    labelSet: run.labels,
    causation: run.causeId ?? undefined,
    traceparent: run.traceparent ?? undefined,
  });
}

/** An event that a function in SQL made, for a transaction that writes more. */
export interface ToldEvent {
  run: string;
  labels: number;
  correlation: string;
  traceparent: string | null;
  id: string;
  type: string;
  causation: string | null;
  payload: JsonObject;
}

export function emitTold(tx: KernelTransaction, events: readonly ToldEvent[]): void {
  for (const { run, labels, traceparent, causation, payload, ...told } of events) {
    tx.emit({
      ...told,
      subject: run,
      data: payload,
      labelSet: labels,
      causation: causation ?? undefined,
      traceparent: traceparent ?? undefined,
    });
  }
}

/** Without absent fields: schemas say optional, rows say null. */
function present(fields: Record<string, unknown>): JsonObject {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== null && value !== undefined),
  ) as JsonObject;
}

export function eventReason(text: string): string {
  return clipText(text, reasonCharsMax);
}

export function eventError(error: RunError): { code: string; message: string; details?: JsonObject | undefined } {
  const { details } = error;
  const isSmall =
    typeof details === "object" &&
    details !== null &&
    !Array.isArray(details) &&
    JSON.stringify(details).length <= errorCharsMax;
  return {
    code: clipText(error.code, 64),
    message: clipText(error.message, errorCharsMax),
    details: isSmall ? details : undefined,
  };
}

/** The output for an event, or nothing when it is too long. */
export function eventOutput(output: JsonValue | undefined, text: string): { output?: JsonValue } {
  return output === undefined || output === null || text.length > eventOutputCharsMax
    ? {}
    : { output: JSON.parse(text) as JsonValue };
}

/** A provider's usage in the schema's form, without unreported fields: a nonsensical report must not stop a run. */
export function eventUsage(usage: JsonValue | undefined): { usage?: RoostEventData<"step.done">["usage"] } {
  if (typeof usage !== "object" || usage === null || Array.isArray(usage)) return {};
  const { inputTokens, outputTokens, cachedTokens, reasoningTokens, model, provider, isEstimated } = usage;
  return {
    usage: {
      inputTokens: isCount(inputTokens) ? inputTokens : undefined,
      outputTokens: isCount(outputTokens) ? outputTokens : undefined,
      cachedTokens: isCount(cachedTokens) ? cachedTokens : undefined,
      reasoningTokens: isCount(reasoningTokens) ? reasoningTokens : undefined,
      model: isName(model) ? model : undefined,
      provider: isName(provider) ? provider : undefined,
      isEstimated: isEstimated === true ? true : undefined,
    },
  };
}

function isCount(value: JsonValue | undefined): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function isName(value: JsonValue | undefined): value is string {
  return typeof value === "string" && value.length > 0 && value.length <= 200;
}

/** Spending and duration, for the event that ends a run. */
export function eventSpent(
  run: RunHead,
  nowMs: number,
): { costUsd?: number; tokens?: number; durationMs?: number | undefined; isRehearsed?: boolean | undefined } {
  return {
    ...(run.callCount > 0 ? { costUsd: run.costUsd, tokens: run.tokens } : {}),
    durationMs: run.startedAt == null ? undefined : Math.max(0, Math.round(nowMs - run.startedAt.getTime())),
    isRehearsed: run.isRehearsed || undefined,
  };
}
