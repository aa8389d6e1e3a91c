// Converts step outcomes between the agent's and the kernel's terms.

import { RoostError, toRoostError, type JsonValue } from "@roost/base";
import type { StepOutcome, StepResult, StepUsage } from "@roost/agent";
import type { RunError, FinishedStep, Step, WaitResult } from "@roost/kernel";
import { labelsOfAnswer } from "./labels-of-answer.ts";
import { tokensOf, type SpendLedger, type StepSpend } from "./spend-ledger.ts";

export function toRecord<T>(
  seq: number,
  result: Exclude<StepResult<T>, { state: "waiting" }>,
  spend: SpendLedger,
): FinishedStep {
  const spent = spend.spentBy(seq);
  const settled =
    spent === undefined ? {} : { tokens: tokensOf(spent), ...(spent.usd === null ? {} : { costUsd: spent.usd }) };
  if (result.state === "done") {
    return {
      seq,
      state: "done",
      output: result.output as JsonValue,
      ...settled,
      ...(result.usage === undefined ? {} : { usage: usageOf(result.usage, spent) as unknown as JsonValue }),
    };
  }
  const error: RunError =
    result.state === "failed"
      ? {
          code: result.error.code,
          message: result.error.message,
          isRetryable: result.error.isRetryable,
          details: (result.error as unknown as JsonValue) ?? null,
        }
      : { code: "unknown", message: result.message, details: result.labels ? { labels: result.labels } : undefined };
  return { seq, state: result.state, error, ...settled };
}

/** What the provider did not tell is what its call was counted with, marked as estimated, so that a step and its run say the same. */
function usageOf(told: StepUsage, spent: StepSpend | undefined): StepUsage {
  const { inputTokens, outputTokens } = told;
  if (spent === undefined || (inputTokens !== null && outputTokens !== null)) return told;
  return {
    ...told,
    inputTokens: inputTokens ?? spent.inputTokens,
    outputTokens: outputTokens ?? spent.outputTokens,
    isEstimated: true,
  };
}

const waitKinds = new Set<WaitResult["kind"]>(["time", "event", "person", "child", "timed_out"]);

/** The output of a waiting step is the wait's result; other outputs have no such `kind`. */
function isWaitResult(output: unknown): boolean {
  return (
    typeof output === "object" &&
    output !== null &&
    waitKinds.has((output as { kind?: WaitResult["kind"] }).kind ?? ("" as WaitResult["kind"]))
  );
}

/** A recorded step, as returned by a claim or by beginStep. */
export interface RecordedStep {
  state: string;
  kind?: string;
  output?: JsonValue;
  error?: RunError | null;
  resolution?: Step["resolution"];
}

/** Undefined: it has no outcome yet. */
export function toOutcome<T>(step: RecordedStep): StepOutcome<T> | undefined {
  if (step.state === "done") {
    if (isWaitResult(step.output)) {
      const labels = labelsOfAnswer(step.output as unknown as WaitResult);
      return { state: "answered", answer: step.output ?? null, labels };
    }
    if (step.resolution != null) return { state: "done", output: outputOfResolved(step, step.resolution) as T };
    return { state: "done", output: step.output as T };
  }
  if (step.state === "failed") return { state: "failed", error: toStepError(step.error ?? null) };
  if (step.state === "unknown") {
    const { labels } = (step.error?.details ?? {}) as { labels?: string[] | undefined };
    const message = step.error?.message ?? "The outcome is unknown";
    return { state: "unknown", message, ...(labels && { labels }) };
  }
  return undefined;
}

/** A person recorded that it happened, and perhaps its result: that is the result of the tool call. */
function outputOfResolved({ kind, output }: RecordedStep, { by, note }: NonNullable<Step["resolution"]>): JsonValue {
  if (kind !== "tool") return output ?? null;
  const isToolOutput = typeof output === "object" && output !== null && "text" in output;
  if (isToolOutput) return output;
  const result = output == null ? "" : typeof output === "string" ? output : JSON.stringify(output);
  return { text: [`It happened, ${by} says: ${note}`, result].filter(Boolean).join("\n"), isUntrusted: false };
}

function toStepError(error: RunError | null): Extract<StepOutcome<never>, { state: "failed" }>["error"] {
  const details = error?.details;
  if (typeof details === "object" && details !== null && "isRetryable" in details) return details as never;
  const known = toRoostError(new RoostError("internal", error?.message ?? "The step failed"));
  return { code: known.code, message: known.message, isRetryable: error?.isRetryable ?? false };
}
