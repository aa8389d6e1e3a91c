/** Outcomes of steps as hold_run_1 takes them: checked, encoded, with what their events say. */
import type { JsonFields, JsonValue } from "@roost/base";
import { eventError, eventReason, eventUsage } from "./emit-run-event.ts";
import { prepareIntent, type StepRequest } from "./prepare-intent.ts";
import { runLimits, type Owned, type RunError } from "./run.ts";
import { toJsonText } from "./to-json-text.ts";

/** As hold_run_1 takes it. */
export interface OutcomeJson {
  json: string;
}

export interface FinishedStep {
  seq: number;
  /** The step itself, where it is recorded only with its outcome: what only reads may begin without a record. */
  intent?: { request: StepRequest; ms: number };
  state: "done" | "failed" | "unknown";
  output?: JsonValue;
  error?: RunError;
  /** As reported by the provider, e.g. { inputTokens, outputTokens }. */
  usage?: JsonValue;
  costUsd?: number;
  /** The long texts of the sections of its output are kept once for all steps: they are the same in most runs. */
  shares?: boolean;
  /** The label set of the step: its result joined with the context. Default: the run's labels at its start. */
  labels?: number | undefined;
  /** The run's label set from here on. Default: unchanged. */
  runLabels?: number;
  /** Counted against budgets with `costUsd`; both settle this step's reservation. Default: all that was reserved. */
  tokens?: number;
}

/** A checked outcome, ready to be written. */
export interface PreparedOutcome extends OutcomeJson {
  owned: Owned;
  outcome: FinishedStep;
}

/** @throws RoostError `limit_exceeded` for an output, error or usage that is too large */
export function prepareOutcome(owned: Owned, outcome: FinishedStep): PreparedOutcome {
  const text = (field: "output" | "error" | "usage") =>
    toJsonText(outcome[field], {
      what: `the ${field} of step ${outcome.seq} of run ${owned.runId}`,
      bytesMax: runLimits.stepOutputBytesMax,
    });
  const { seq, state, costUsd, tokens, labels, runLabels, shares } = outcome;
  const told = toJsonText(toldOf(outcome), { what: "the event of a step", bytesMax: runLimits.stepOutputBytesMax });
  const rest = JSON.stringify({ seq, state, costUsd, tokens, labels, runLabels, shares }).slice(1);
  const error = outcome.error === undefined ? "" : `"error":${text("error")},`;
  const usage = outcome.usage === undefined ? "" : `"usage":${text("usage")},`;
  const intent = outcome.intent === undefined ? "" : `"intent":${toIntentJson(owned, outcome.intent)},`;
  return { owned, outcome, json: `{"output":${text("output")},"told":${told},${error}${usage}${intent}${rest}` };
}

function toIntentJson(owned: Owned, { request, ms }: NonNullable<FinishedStep["intent"]>): string {
  const { inputHash, inputText } = prepareIntent(owned, request);
  const { name, kind, effect } = request;
  return `{"input":${inputText},${JSON.stringify({ name, kind, effect, hash: inputHash, ms }).slice(1)}`;
}

/** Fields of the outcome's event beside the step itself. */
function toldOf({ state, costUsd, usage, error }: FinishedStep): JsonFields {
  if (state === "unknown") return { reason: eventReason(error?.message ?? "the attempt ended without an answer") };
  const unexplained: RunError = { code: "internal", message: "it failed without saying why" };
  return {
    costUsd,
    ...(eventUsage(usage) as JsonFields),
    ...(state === "failed" ? { error: eventError(error ?? unexplained) } : {}),
  };
}

/** As hold_run_1 takes them. */
export function toOutcomesJson(outcomes: readonly OutcomeJson[]): string {
  return `[${outcomes.map((outcome) => outcome.json).join(",")}]`;
}
