// The outcome of a step of the worker: replayed, held until the next write, recorded at once, or waited for.

import type { JsonValue } from "@roost/base";
import type { StepOutcome, StepResult } from "@roost/agent";
import { finishStep, waitInRun, type FinishedStep, type WaitRequest } from "@roost/kernel";
import { labelsOfAnswer } from "./labels-of-answer.ts";
import { beginPutOff, type Executing, type StepContext } from "./record-intent.ts";
import { RunInterruption } from "./run-interruption.ts";
import { toOutcome, toRecord, type RecordedStep } from "./to-outcome.ts";

/** The recorded outcome, if there is one. A worker may have died between recording an unknown outcome and waiting for a person. */
export async function replay<T>(
  context: StepContext,
  step: { seq: number; name: string },
  recorded: RecordedStep,
): Promise<StepOutcome<T> | undefined> {
  const outcome = toOutcome<T>(recorded);
  if (outcome?.state === "answered") await context.mark.hear(outcome.labels);
  return outcome?.state === "unknown" ? afterUnknown<T>(context, step, outcome) : outcome;
}

/** The agent is told, or a person decides first. */
async function afterUnknown<T>(
  context: StepContext,
  { seq, name }: { seq: number; name: string },
  unknown: Extract<StepOutcome<T>, { state: "unknown" }>,
): Promise<StepOutcome<T>> {
  if (context.options.onUnknown === "tell") return unknown;
  const prompt = `${name}: ${unknown.message}. Did it happen?`;
  return suspend<T>(context, seq, { kind: "resolution", prompt } satisfies WaitRequest);
}

export async function recordOutcome<T>(
  context: StepContext,
  of: Executing,
  result: StepResult<T>,
): Promise<StepOutcome<T>> {
  const { seq, asked } = of;
  const { name, effect } = asked;
  if (result.state === "waiting") {
    if (!of.isRecorded) await beginPutOff(context, of);
    return suspend<T>(context, seq, result.wait);
  }
  const alongside = result.state === "done" ? context.options.alongside?.(name) : undefined;
  const outcome: FinishedStep = {
    ...toRecord(seq, result, context.spend),
    ...(await context.mark.join(result)),
    ...(asked.kind === "context" ? { shares: true } : {}),
    ...(of.isRecorded ? {} : { intent: { request: asked, ms: Math.round(performance.now() - of.startedMs) } }),
  };
  // What could not be executed again is recorded at once.
  const mayWait = effect === "readonly" || effect === "idempotent";
  if (mayWait && result.state !== "unknown" && !context.options.signal.aborted) {
    context.unrecorded.hold(outcome, alongside);
  } else {
    const { kernel } = context.options;
    await context.unrecorded.flush();
    const { cancelRequested } = await finishStep(
      kernel,
      context.owned,
      outcome,
      alongside === undefined ? {} : { alongside },
    );
    if (cancelRequested) throw new RunInterruption("cancelled", "Its end was asked for");
  }
  if (result.state === "unknown") return afterUnknown<T>(context, { seq, name }, result);
  return result.state === "done" ? { state: "done", output: result.output } : { state: "failed", error: result.error };
}

async function suspend<T>(context: StepContext, seq: number, wait: JsonValue): Promise<StepOutcome<T>> {
  const outcome = await waitInRun(context.options.kernel, context.owned, { seq, wait: readWait(wait) });
  if (outcome.state === "done") {
    const labels = labelsOfAnswer(outcome.result);
    await context.mark.hear(labels);
    return { state: "answered", answer: outcome.result as unknown as JsonValue, labels };
  }
  throw outcome.state === "waiting"
    ? new RunInterruption("suspended", `Waits at step ${seq}`)
    : new RunInterruption("cancelled", "Its end was asked for");
}

/** A tool's wait is JSON, where a moment is a text. */
function readWait(wait: JsonValue): WaitRequest {
  const { until, ...rest } = wait as { until?: unknown };
  const request = rest as unknown as WaitRequest;
  return typeof until === "string" ? { ...request, until: new Date(until) } : request;
}
