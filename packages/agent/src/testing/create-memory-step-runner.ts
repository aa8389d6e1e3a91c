// A StepRunner over a Map: the journal survives injected "crashes", so that a resumed run can be compared with an uninterrupted one. Keeps the
// promises of step-runner.ts.

import { RoostError, type JsonValue } from "@roost/base";
import { joinLabels, openLabels, type Labels } from "@roost/contract/labels";
import type {
  Effect,
  StepCall,
  StepKind,
  StepOptions,
  StepOutcome,
  StepResult,
  StepRunner,
} from "../steps/step-runner.ts";

export interface JournalEntry {
  seq: number;
  name: string;
  kind: StepKind;
  effect: Effect;
  input?: JsonValue | undefined;
  /** Calls of `execute`, over all attempts. */
  executeCount: number;
  /** Labels of the result. */
  labels?: Labels | undefined;
  /** Undefined: an intent without a result. */
  result?: StepOutcome<JsonValue>;
}

/** What outlives a process: pass it to the next runner. */
export type StepJournal = Map<number, JournalEntry>;

export interface MemoryStepRunnerOptions {
  journal?: StepJournal;
  signal?: AbortSignal;
  /** Throws at this point, as a killed process would. */
  crash?: (point: {
    name: string;
    seq: number;
    when: "before_intent" | "after_intent" | "after_execute" | "after_result";
  }) => boolean;
  /** Answers a wait at once; without it a waiting step suspends the run by throwing. */
  answer?: (wait: JsonValue) => JsonValue;
}

/** Thrown where a test lets the process die. */
export class Crash extends Error {
  override readonly name = "Crash";
}

/** Thrown where a run would be suspended. */
export class Suspended extends Error {
  override readonly name = "Suspended";
}

const idempotentTriesMax = 3;

export function createMemoryStepRunner(options: MemoryStepRunnerOptions = {}): StepRunner & { journal: StepJournal } {
  const journal: StepJournal = options.journal ?? new Map();
  const signal = options.signal ?? new AbortController().signal;
  let nextSeq = 1;
  let known = openLabels;
  const crashHere: NonNullable<MemoryStepRunnerOptions["crash"]> = (point) => {
    if (options.crash?.(point) === true) throw new Crash(`crashed ${point.when} of ${point.name}`);
    return false;
  };

  return {
    journal,
    async step<T>(name: string, stepOptions: StepOptions<T>, execute: (call: StepCall) => Promise<StepResult<T>>) {
      const seq = nextSeq;
      nextSeq += 1;
      const entry = openEntry(journal, { seq, name, stepOptions });
      if (entry.result !== undefined && !isRetryable(entry.result)) {
        known = joinLabels(known, entry.labels ?? openLabels);
        return copy(entry.result) as StepOutcome<T>;
      }
      const isResumed = journal.has(seq) && entry.result === undefined;
      crashHere({ name, seq, when: "before_intent" });
      journal.set(seq, entry);
      crashHere({ name, seq, when: "after_intent" });
      const idempotencyKey = `memory:${seq}`;
      let outcome = isResumed
        ? await resolveUnknown(stepOptions, {
            idempotencyKey,
            signal,
            message: "the process ended before the result was recorded",
          })
        : undefined;
      for (let tryCount = 1; outcome === undefined; tryCount += 1) {
        entry.executeCount += 1;
        const result = await execute({
          idempotencyKey,
          signal,
          attempt: entry.executeCount,
          labels: async () => known,
        });
        if (result.state === "done" && result.labels !== undefined) entry.labels = result.labels;
        crashHere({ name, seq, when: "after_execute" });
        outcome = await settle(result, {
          stepOptions,
          idempotencyKey,
          signal,
          answer: options.answer,
          canTryAgain: tryCount < idempotentTriesMax,
        });
      }
      known = joinLabels(known, entry.labels ?? openLabels);
      entry.result = copy(outcome) as StepOutcome<JsonValue>;
      crashHere({ name, seq, when: "after_result" });
      return copy(outcome);
    },
  };
}

function openEntry<T>(
  journal: StepJournal,
  step: { seq: number; name: string; stepOptions: StepOptions<T> },
): JournalEntry {
  const { seq, name, stepOptions } = step;
  const known = journal.get(seq);
  if (known === undefined) {
    const { kind, effect, input } = stepOptions;
    return { seq, name, kind, effect, executeCount: 0, input: input === undefined ? undefined : copy(input) };
  }
  const isSame = known.name === name && JSON.stringify(known.input) === JSON.stringify(stepOptions.input);
  if (!isSame) throw new RoostError("conflict", `diverged at step ${seq}: recorded ${known.name}, now ${name}`);
  return known;
}

/** Undefined: run it again. */
async function resolveUnknown<T>(
  stepOptions: StepOptions<T>,
  call: { idempotencyKey: string; signal: AbortSignal; message: string },
): Promise<StepOutcome<T> | undefined> {
  if (stepOptions.effect === "readonly" || stepOptions.effect === "idempotent") return undefined;
  if (stepOptions.effect === "unsafe" || stepOptions.query === undefined)
    return { state: "unknown", message: call.message };
  const found = await stepOptions.query(call.idempotencyKey, { signal: call.signal });
  return found.found ? { state: "done", output: found.output } : undefined;
}

async function settle<T>(
  result: StepResult<T>,
  step: {
    stepOptions: StepOptions<T>;
    idempotencyKey: string;
    signal: AbortSignal;
    answer: ((wait: JsonValue) => JsonValue) | undefined;
    canTryAgain: boolean;
  },
): Promise<StepOutcome<T> | undefined> {
  if (result.state === "done") return { state: "done", output: result.output };
  if (result.state === "waiting") {
    if (step.answer === undefined) throw new Suspended("the run waits");
    return { state: "answered", answer: step.answer(result.wait) };
  }
  if (result.state === "failed") return result;
  if (!step.canTryAgain) return { state: "unknown", message: result.message };
  return await resolveUnknown(step.stepOptions, {
    idempotencyKey: step.idempotencyKey,
    signal: step.signal,
    message: result.message,
  });
}

function isRetryable(result: StepOutcome<JsonValue>): boolean {
  return result.state === "failed" && result.error.isRetryable;
}

/** Values from a journal have been through JSON. */
function copy<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}
