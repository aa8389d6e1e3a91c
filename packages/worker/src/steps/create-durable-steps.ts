// The agent's steps, kept by the kernel: replay what is recorded, record an intent before and the outcome after, and
// resolve an interrupted step by its effect class. It executes nothing itself and knows no tool.

import type { JsonValue } from "@roost/base";
import { delay, RoostError, toRoostError } from "@roost/base";
import type { StepCall, StepOptions, StepOutcome, StepResult, StepRunner } from "@roost/agent";
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
  type RunError,
  type StepOutcome as RecordedOutcome,
  type WaitRequest,
  type WaitResult,
} from "@roost/kernel";
import { attributes, genAiOperations, type Attributes, type Telemetry } from "@roost/telemetry";
import { RunInterruption } from "./run-interruption.ts";
import { createSpendLedger, type SpendLedger } from "./spend-ledger.ts";

export interface DurableStepsOptions {
  kernel: Kernel;
  run: ClaimedRun;
  signal: AbortSignal;
  telemetry: Telemetry;
  /** What happens when an effect's outcome is unknown: the agent is told, or the run waits until a person has said. */
  onUnknown: "tell" | "wait";
  /** Further writes in the transaction that records a step as done, such as a digest's cursor. */
  alongside?: (step: string) => ((tx: KernelTransaction) => Promise<void>) | undefined;
}

export interface DurableSteps extends StepRunner {
  readonly spend: SpendLedger;
  /** True once a step was executed rather than replayed. */
  readonly hasExecuted: boolean;
}

/** How often an effect that may be tried again is, within one attempt of its run, and how long it waits before the first time. */
const unknownTriesMax = 3;
const unknownRetryMs = 500;

/** Steps of one claimed run, for as long as its epoch holds. */
export function createDurableSteps(options: DurableStepsOptions): DurableSteps {
  const { kernel, run } = options;
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

  async function step<T>(
    name: string,
    request: StepOptions<T>,
    execute: (call: StepCall) => Promise<StepResult<T>>,
  ): Promise<StepOutcome<T>> {
    lastSeq += 1;
    const seq = lastSeq;
    const known = recorded.get(seq);
    if (known !== undefined && !known.reopened && known.name === name && known.kind === request.kind) {
      const outcome = toOutcome<T>(known);
      if (outcome !== undefined) return outcome;
    }
    const begun = await beginStep(kernel, owned, {
      seq,
      name,
      kind: request.kind,
      effect: request.effect,
      ...(request.input === undefined ? {} : { input: request.input }),
    });
    const decided = toOutcome<T>(begun);
    if (decided !== undefined) return decided;
    hasExecuted = true;
    executing.set(name, seq);
    try {
      return await options.telemetry.span(
        spanName(name, request.kind),
        { attributes: describeStep(run, seq, name, request) },
        async (span) => {
          const outcome = await settle(seq, name, request, execute, begun);
          span.setAttributes({ [attributes.stepState]: outcome.state });
          return outcome;
        },
      );
    } finally {
      executing.delete(name);
    }
  }

  async function settle<T>(
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
      const resumed = await resumeInterrupted(seq, name, request, begun);
      if ("outcome" in resumed) return resumed.outcome;
      call = resumed;
    } else if (begun.state === "cancel_requested") {
      throw new RunInterruption("cancelled", begun.reason);
    } else {
      throw new RoostError("internal", `Step ${name} of run ${run.id} is ${begun.state} and has no outcome`);
    }
    const result = await attempt(request, execute, call);
    return record(seq, name, result);
  }

  /** An outcome that is unknown right away is asked for, or tried again under the same key, as far as its effect class allows. */
  async function attempt<T>(
    request: StepOptions<T>,
    execute: (call: StepCall) => Promise<StepResult<T>>,
    call: { attempt: number; idempotencyKey: string },
  ): Promise<StepResult<T>> {
    for (let tries = 1; ; tries += 1) {
      const result = await execute({
        idempotencyKey: call.idempotencyKey,
        attempt: call.attempt,
        signal: options.signal,
      });
      if (result.state !== "unknown" || tries >= unknownTriesMax) return result;
      if (request.effect === "queryable" && request.query !== undefined) {
        const answer = await request.query(call.idempotencyKey, { signal: options.signal });
        if (answer.found) return { state: "done", output: answer.output };
      } else if (request.effect !== "idempotent") {
        return result;
      }
      await delay(unknownRetryMs * tries, { signal: options.signal });
    }
  }

  /** What may be done with a step whose earlier owner left an intent and no outcome. */
  async function resumeInterrupted<T>(
    seq: number,
    name: string,
    request: StepOptions<T>,
    begun: { idempotencyKey: string; priorStartedAt: Date },
  ): Promise<{ attempt: number; idempotencyKey: string } | { outcome: StepOutcome<T> }> {
    if (request.effect === "unsafe" || (request.effect === "queryable" && request.query === undefined)) {
      const message = `The attempt that began at ${begun.priorStartedAt.toISOString()} was cut off; whether it took effect is not known, and it was not repeated`;
      return { outcome: await record<T>(seq, name, { state: "unknown", message }) };
    }
    if (request.effect === "queryable" && request.query !== undefined) {
      const answer = await request.query(begun.idempotencyKey, { signal: options.signal });
      if (answer.found) return { outcome: await record<T>(seq, name, { state: "done", output: answer.output }) };
    }
    return restartStep(kernel, owned, { seq });
  }

  async function record<T>(seq: number, name: string, result: StepResult<T>): Promise<StepOutcome<T>> {
    if (result.state === "waiting") return suspend<T>(seq, result.wait);
    const alongside = result.state === "done" ? options.alongside?.(name) : undefined;
    const { cancelRequested } = await finishStep(
      kernel,
      owned,
      toRecord(seq, result, spend),
      alongside === undefined ? {} : { alongside },
    );
    if (cancelRequested) throw new RunInterruption("cancelled", "Its end was asked for");
    if (result.state === "unknown") {
      if (options.onUnknown === "wait") {
        return suspend<T>(seq, {
          kind: "resolution",
          prompt: `${name}: ${result.message}. Did it happen?`,
        } satisfies WaitRequest);
      }
      return { state: "unknown", message: result.message };
    }
    return result.state === "done"
      ? { state: "done", output: result.output }
      : { state: "failed", error: result.error };
  }

  async function suspend<T>(seq: number, wait: JsonValue): Promise<StepOutcome<T>> {
    const outcome = await waitInRun(kernel, owned, { seq, wait: wait as unknown as WaitRequest });
    if (outcome.state === "done") return { state: "answered", answer: outcome.result as unknown as JsonValue };
    throw outcome.state === "waiting"
      ? new RunInterruption("suspended", `Waits at step ${seq}`)
      : new RunInterruption("cancelled", "Its end was asked for");
  }

  return {
    step,
    spend,
    get hasExecuted() {
      return hasExecuted;
    },
  };
}

/** Model and tool steps are named as the semantic conventions of generative AI ask. */
function spanName(name: string, kind: string): string {
  if (kind === "model") return genAiOperations.chat;
  return kind === "tool" ? `${genAiOperations.executeTool} ${toolOf(name)}` : `step ${name}`;
}

/** `tool:write_file#2` is a call of write_file. */
function toolOf(step: string): string {
  return step.replace(/^tool:/, "").replace(/#\d+$/, "");
}

function describeStep(
  run: ClaimedRun,
  seq: number,
  name: string,
  { kind, effect }: { kind: string; effect: string },
): Attributes {
  return {
    [attributes.runId]: run.id,
    [attributes.stepSeq]: seq,
    [attributes.stepName]: name,
    [attributes.stepKind]: kind,
    [attributes.stepEffect]: effect,
    [attributes.genAiConversationId]: run.sessionKey ?? undefined,
    ...(kind === "model" ? { [attributes.genAiOperation]: genAiOperations.chat } : {}),
    ...(kind === "tool"
      ? { [attributes.genAiOperation]: genAiOperations.executeTool, [attributes.genAiToolName]: toolOf(name) }
      : {}),
  };
}

function toRecord<T>(
  seq: number,
  result: Exclude<StepResult<T>, { state: "waiting" }>,
  spend: SpendLedger,
): RecordedOutcome {
  const spent = spend.spentBy(seq);
  const settled = spent === undefined ? {} : { costUsd: spent.usd, tokens: spent.tokens };
  if (result.state === "done") {
    return {
      seq,
      state: "done",
      output: result.output as JsonValue,
      ...settled,
      ...(result.usage === undefined ? {} : { usage: result.usage as unknown as JsonValue }),
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
      : { code: "unknown", message: result.message };
  return { seq, state: result.state, error, ...settled };
}

const waitKinds = new Set<WaitResult["kind"]>(["time", "event", "person", "child", "timed_out"]);

/** The output of a step that waited is the wait's result; what steps record themselves has no such `kind`. */
function isWaitResult(output: unknown): boolean {
  return (
    typeof output === "object" &&
    output !== null &&
    waitKinds.has((output as { kind?: WaitResult["kind"] }).kind ?? ("" as WaitResult["kind"]))
  );
}

function toOutcome<T>(step: {
  state: string;
  output?: JsonValue;
  error?: RunError | null;
}): StepOutcome<T> | undefined {
  if (step.state === "done") {
    if (isWaitResult(step.output)) return { state: "answered", answer: step.output ?? null };
    return { state: "done", output: step.output as T };
  }
  if (step.state === "failed") return { state: "failed", error: toStepError(step.error ?? null) };
  if (step.state === "unknown") return { state: "unknown", message: step.error?.message ?? "The outcome is not known" };
  return undefined;
}

function toStepError(error: RunError | null): Extract<StepOutcome<never>, { state: "failed" }>["error"] {
  const details = error?.details;
  if (typeof details === "object" && details !== null && "isRetryable" in details) return details as never;
  const known = toRoostError(new RoostError("internal", error?.message ?? "The step failed"));
  return { code: known.code, message: known.message, isRetryable: error?.isRetryable ?? false };
}
