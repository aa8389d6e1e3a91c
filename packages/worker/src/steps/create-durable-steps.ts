// The agent's steps, kept by the kernel: replay what is recorded, record an intent before and the outcome after, and
// resolve an interrupted step by its effect class. It executes nothing itself and knows no tool.

import { isDeepStrictEqual } from "node:util";
import { delay, RoostError, type JsonValue } from "@roost/base";
import type { Labels } from "@roost/contract/labels";
import type { Effect, StepCall, StepOptions, StepOutcome, StepResult, StepRunner } from "@roost/agent";
import {
  beginStep,
  finishStep,
  restartStep,
  waitInRun,
  type BegunStep,
  type ClaimedRun,
  type Kernel,
  type KernelTransaction,
  type Owned,
  type Step,
  type WaitRequest,
} from "@roost/kernel";
import { attributes, type Telemetry } from "@roost/telemetry";
import { describeStep, spanName } from "./describe-step.ts";
import { labelsOfAnswer } from "./labels-of-answer.ts";
import { createRunMark, type RunMark } from "./run-mark.ts";
import { RunInterruption } from "./run-interruption.ts";
import { toOutcome, toRecord, type RecordedStep } from "./to-outcome.ts";
import { createSpendLedger, type SpendLedger } from "./spend-ledger.ts";
import { createUnrecordedOutcomes, type Pause, type UnrecordedOutcomes } from "./unrecorded-outcomes.ts";

export interface DurableStepsOptions {
  kernel: Kernel;
  run: ClaimedRun;
  signal: AbortSignal;
  telemetry: Telemetry;
  /** What happens when an effect's outcome is unknown: the agent is told, or the run waits until a person has said. */
  onUnknown: "tell" | "wait";
  /** How time is let pass. Default: `delay`. */
  pause?: Pause;
  /** Further writes in the transaction that records a step as done, such as a digest's cursor. */
  alongside?: (step: string) => ((tx: KernelTransaction) => Promise<void>) | undefined;
}

export interface DurableSteps extends StepRunner {
  readonly spend: SpendLedger;
  /** What is to be recorded with the end of the run, or by itself if it does not come to one. */
  readonly unrecorded: UnrecordedOutcomes;
  /** What the run knows by now. */
  readonly labels: () => Promise<Labels>;
  /** True once a step was executed rather than replayed. */
  readonly hasExecuted: boolean;
}

/** How often an effect that may be tried again is, within one attempt of its run, and how long it waits before the first time. */
const unknownTriesMax = 3;
const unknownRetryMs = 500;

/** Steps of one claimed run, for as long as its epoch holds. */
export function createDurableSteps(options: DurableStepsOptions): DurableSteps {
  const { kernel, run, pause = delay } = options;
  const owned: Owned = { runId: run.id, epoch: run.epoch };
  const recorded = new Map(run.steps.map((step) => [step.seq, step]));
  const executing = new Map<string, number>();
  let lastSeq = 0;
  let hasExecuted = false;
  const spend = createSpendLedger(kernel, owned, (step) => {
    const seq = executing.get(step);
    if (seq === undefined) throw new RoostError("internal", `Step ${step} reserves spend but is not being executed`);
    return seq;
  });

  const unrecorded = createUnrecordedOutcomes(kernel, owned, { pause });
  const mark = createRunMark(kernel, run);
  const context: StepContext = { options, owned, pause, spend, unrecorded, mark };

  async function step<T>(
    name: string,
    request: StepOptions<T>,
    execute: (call: StepCall) => Promise<StepResult<T>>,
  ): Promise<StepOutcome<T>> {
    lastSeq += 1;
    const seq = lastSeq;
    const known = recorded.get(seq);
    if (known !== undefined && isSameStep(known, name, request)) {
      await unrecorded.flush();
      const outcome = await replay<T>(context, { seq, name }, known);
      if (outcome !== undefined) return outcome;
    }
    const asked = {
      seq,
      name,
      kind: request.kind,
      effect: request.effect,
      ...(request.input === undefined ? {} : { input: request.input }),
    };
    const begun = await unrecorded.recordWith((finishing) => beginStep(kernel, owned, asked, { finishing }));
    const decided = await replay<T>(context, { seq, name }, begun);
    if (decided !== undefined) return decided;
    hasExecuted = true;
    executing.set(name, seq);
    try {
      return await options.telemetry.span(
        spanName(name, request.kind),
        { attributes: describeStep(run, seq, name, request) },
        async (span) => {
          const outcome = await settle(context, seq, name, request, execute, begun);
          span.setAttributes({ [attributes.stepState]: outcome.state });
          return outcome;
        },
      );
    } finally {
      executing.delete(name);
    }
  }

  return {
    step,
    spend,
    unrecorded,
    labels: mark.read,
    get hasExecuted() {
      return hasExecuted;
    },
  };
}

/** What the parts of a step share. */
interface StepContext {
  options: DurableStepsOptions;
  owned: Owned;
  pause: Pause;
  spend: SpendLedger;
  unrecorded: UnrecordedOutcomes;
  mark: RunMark;
}

/** One that differs is begun all the same: the kernel notices the divergence and says what differs. */
function isSameStep(recorded: Step, name: string, request: Pick<StepOptions<unknown>, "kind" | "input">): boolean {
  const { kind, input = null } = request;
  return (
    !recorded.reopened &&
    recorded.name === name &&
    recorded.kind === kind &&
    isDeepStrictEqual(recorded.input, JSON.parse(JSON.stringify(input)))
  );
}

/** The recorded outcome, if there is one. A worker may have died between recording an unknown outcome and waiting for a person. */
async function replay<T>(
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

async function settle<T>(
  context: StepContext,
  seq: number,
  name: string,
  request: StepOptions<T>,
  execute: (call: StepCall) => Promise<StepResult<T>>,
  begun: BegunStep,
): Promise<StepOutcome<T>> {
  let call: { attempt: number; idempotencyKey: string };
  if (begun.state === "begun") {
    call = begun;
  } else if (begun.state === "interrupted") {
    const resumed = await resumeInterrupted(context, seq, name, request, begun);
    if ("outcome" in resumed) return resumed.outcome;
    call = resumed;
  } else if (begun.state === "cancel_requested") {
    throw new RunInterruption("cancelled", begun.reason);
  } else {
    throw new RoostError("internal", `Step ${name} of run ${context.owned.runId} is ${begun.state} and has no outcome`);
  }
  const result = await attempt(context, request, execute, call);
  return record(context, seq, { name, effect: request.effect }, result);
}

/** An outcome that is unknown right away is asked for, or tried again under the same key, as far as its effect class allows. */
async function attempt<T>(
  context: StepContext,
  request: StepOptions<T>,
  execute: (call: StepCall) => Promise<StepResult<T>>,
  call: { attempt: number; idempotencyKey: string },
): Promise<StepResult<T>> {
  for (let tries = 1; ; tries += 1) {
    const result = await execute({
      idempotencyKey: call.idempotencyKey,
      attempt: call.attempt,
      signal: context.options.signal,
      labels: context.mark.read,
    });
    if (result.state !== "unknown" || tries >= unknownTriesMax) return result;
    if (request.effect === "queryable" && request.query !== undefined) {
      const answer = await request.query(call.idempotencyKey, { signal: context.options.signal });
      if (answer.found) return found(answer);
    } else if (request.effect !== "idempotent") {
      return result;
    }
    await context.pause(unknownRetryMs * tries, { signal: context.options.signal });
  }
}

/** What may be done with a step whose earlier owner left an intent and no outcome. */
async function resumeInterrupted<T>(
  context: StepContext,
  seq: number,
  name: string,
  request: StepOptions<T>,
  begun: { idempotencyKey: string; priorStartedAt: Date },
): Promise<{ attempt: number; idempotencyKey: string } | { outcome: StepOutcome<T> }> {
  if (request.effect === "unsafe" || (request.effect === "queryable" && request.query === undefined)) {
    const message = `The attempt that began at ${begun.priorStartedAt.toISOString()} was cut off; whether it took effect is not known, and it was not repeated`;
    return { outcome: await record<T>(context, seq, { name, effect: request.effect }, { state: "unknown", message }) };
  }
  if (request.effect === "queryable" && request.query !== undefined) {
    const answer = await request.query(begun.idempotencyKey, { signal: context.options.signal });
    if (answer.found)
      return {
        outcome: await record<T>(context, seq, { name, effect: request.effect }, found(answer)),
      };
  }
  return restartStep(context.options.kernel, context.owned, { seq });
}

function found<T>({ output, labels }: { output: T; labels?: Labels }): StepResult<T> {
  return { state: "done", output, ...(labels === undefined ? {} : { labels }) };
}

async function record<T>(
  context: StepContext,
  seq: number,
  { name, effect }: { name: string; effect: Effect },
  result: StepResult<T>,
): Promise<StepOutcome<T>> {
  if (result.state === "waiting") return suspend<T>(context, seq, result.wait);
  const alongside = result.state === "done" ? context.options.alongside?.(name) : undefined;
  const outcome = { ...toRecord(seq, result, context.spend), ...(await context.mark.join(result)) };
  // What could not be executed again is recorded at once.
  const mayWait = effect === "readonly" || effect === "idempotent";
  if (mayWait && result.state !== "unknown" && alongside === undefined && !context.options.signal.aborted) {
    context.unrecorded.hold(outcome);
  } else {
    const { kernel } = context.options;
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
