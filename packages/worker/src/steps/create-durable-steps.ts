// The agent's steps over the kernel: replays recorded ones, records intents and outcomes, and resolves interrupted steps by effect class. Executes
// nothing itself and knows no tools.

import { isDeepStrictEqual } from "node:util";
import { delay, RoostError } from "@roost/base";
import type { Labels } from "@roost/contract/labels";
import type { StepCall, StepOptions, StepOutcome, StepResult, StepRunner } from "@roost/agent";
import type { Owned, SpendAmounts, Step } from "@roost/kernel";
import { attributes } from "@roost/telemetry";
import { describeStep, spanName } from "./describe-step.ts";
import {
  beginPutOff,
  recordIntent,
  unexpected,
  type DurableStepsOptions,
  type Executing,
  type StepContext,
} from "./record-intent.ts";
import { recordOutcome, replay } from "./record-outcome.ts";
import { createRunMark } from "./run-mark.ts";
import { createSpendLedger, type SpendLedger } from "./spend-ledger.ts";
import { stepKey } from "./step-key.ts";
import { createUnrecordedOutcomes, type UnrecordedOutcomes } from "./unrecorded-outcomes.ts";

export interface DurableSteps extends StepRunner {
  readonly spend: SpendLedger;
  /** Outcomes to be recorded with the end of the run, or alone if there is none. */
  readonly unrecorded: UnrecordedOutcomes;
  /** Current labels of the run. */
  readonly labels: () => Promise<Labels>;
  /** True once a step was executed rather than replayed. */
  readonly hasExecuted: boolean;
}

/** How often an effect is retried within one attempt of its run, and the first delay. */
const unknownTriesMax = 3;
const unknownRetryMs = 500;

/** Steps of one claimed run, valid for its epoch. */
export function createDurableSteps(options: DurableStepsOptions): DurableSteps {
  const { kernel, run, pause = delay } = options;
  const owned: Owned = { runId: run.id, epoch: run.epoch };
  const recorded = new Map(run.steps.map((step) => [step.seq, step]));
  const executing = new Map<string, Executing>();
  let lastSeq = 0;
  let hasExecuted = false;
  const spend = createSpendLedger(kernel, owned, (step) => {
    const of = executing.get(step);
    if (of === undefined) throw new RoostError("internal", `Step ${step} reserves spend but is not being executed`);
    const begin = async (ask: SpendAmounts) =>
      of.isRecorded ? undefined : (await beginPutOff(context, of, ask)).reservation;
    return { seq: of.seq, begin };
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
    const same = known !== undefined && isSameStep(known, name, request) ? known : undefined;
    if (same !== undefined && !same.reopened) {
      await unrecorded.flush();
      const outcome = await replay<T>(context, { seq, name }, same);
      if (outcome !== undefined) return outcome;
    }
    const of = prepare(context, seq, { name, request, same });
    const decided =
      (same?.state === "intent" ? await resolveCutOff<T>(context, of, request) : undefined) ??
      // What is not there yet, or is this step cut off or to be tried again: no other can be recorded.
      (isPutOff(request) && (known === undefined || same !== undefined) ? undefined : await begin<T>(context, of));
    if (decided !== undefined) return decided;
    hasExecuted = true;
    executing.set(name, of);
    try {
      return await options.telemetry.span(
        spanName(name, request.kind),
        { attributes: describeStep(run, seq, name, request) },
        async (span) => {
          const result = await attempt(context, request, execute, of);
          const outcome = await recordOutcome(context, of, result);
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

/** `same`: what is recorded of it. */
function prepare(
  { owned }: StepContext,
  seq: number,
  { name, request, same }: { name: string; request: StepOptions<unknown>; same: Step | undefined },
): Executing {
  const { kind, effect, input } = request;
  return {
    seq,
    asked: { seq, name, kind, effect, input },
    takesOver: effect === "readonly" || effect === "idempotent" || same?.state === "intent",
    isRecorded: false,
    startedMs: performance.now(),
    attempt: (same?.attempt ?? 0) + 1,
    idempotencyKey: same?.idempotencyKey ?? stepKey(owned.runId, seq),
  };
}

/** The outcome that is recorded; undefined: it has begun. */
async function begin<T>(context: StepContext, of: Executing): Promise<StepOutcome<T> | undefined> {
  const begun = await recordIntent(context, of);
  const decided = await replay<T>(context, of.asked, begun);
  if (decided !== undefined) return decided;
  if (begun.state !== "begun") throw unexpected(of, begun);
  of.attempt = begun.attempt;
  of.idempotencyKey = begun.idempotencyKey;
  return undefined;
}

/**
 * Whether the intent is recorded later, with what is recorded anyway: a context with its outcome, since it only reads; a model call with its
 * reservation, before which nothing of it happens.
 */
function isPutOff({ kind, effect }: Pick<StepOptions<unknown>, "kind" | "effect">): boolean {
  return kind === "model" || kind === "compaction" || (kind === "context" && effect === "readonly");
}

/** A different step is begun anyway: the kernel detects the divergence and describes it. */
function isSameStep(recorded: Step, name: string, request: Pick<StepOptions<unknown>, "kind" | "input">): boolean {
  const { kind, input = null } = request;
  return (
    recorded.name === name &&
    recorded.kind === kind &&
    isDeepStrictEqual(recorded.input, JSON.parse(JSON.stringify(input)))
  );
}

/** Resolves an outcome that is unknown right away: queries it, or retries under the same key, as the effect class allows. */
async function attempt<T>(
  context: StepContext,
  request: StepOptions<T>,
  execute: (call: StepCall) => Promise<StepResult<T>>,
  { idempotencyKey, attempt: attemptCount }: Executing,
): Promise<StepResult<T>> {
  for (let tries = 1; ; tries += 1) {
    const result = await execute({
      idempotencyKey,
      attempt: attemptCount,
      signal: context.options.signal,
      labels: context.mark.read,
    });
    if (result.state !== "unknown" || tries >= unknownTriesMax) return result;
    if (request.effect === "queryable" && request.query !== undefined) {
      const answer = await request.query(idempotencyKey, { signal: context.options.signal });
      if (answer.found) return found(answer);
    } else if (request.effect !== "idempotent") {
      return result;
    }
    await context.pause(unknownRetryMs * tries, { signal: context.options.signal });
  }
}

/** What becomes of a step whose earlier owner left an intent and no outcome; undefined: it is executed again. */
async function resolveCutOff<T>(
  context: StepContext,
  of: Executing,
  request: StepOptions<T>,
): Promise<StepOutcome<T> | undefined> {
  if (request.effect === "readonly" || request.effect === "idempotent") return undefined;
  of.isRecorded = true;
  if (request.effect === "unsafe" || request.query === undefined) {
    const message = "An earlier attempt was cut off; whether it took effect is not known, and it was not repeated";
    return recordOutcome<T>(context, of, { state: "unknown", message });
  }
  const answer = await request.query(of.idempotencyKey, { signal: context.options.signal });
  if (answer.found) return recordOutcome<T>(context, of, found(answer));
  of.isRecorded = false;
  return undefined;
}

function found<T>({ output, labels }: { output: T; labels?: Labels | undefined }): StepResult<T> {
  return { state: "done", output, labels };
}
