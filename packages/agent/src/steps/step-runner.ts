// The durable step function that a loop gets. The worker implements it over the kernel's journal, tests over a Map
// (src/testing/create-memory-step-runner.ts). This file states what both promise.

import type { ErrorCode, JsonValue } from "@roost/base";
import type { Effect } from "@roost/contract";
import type { Labels } from "@roost/contract/labels";
import type { StepUsage } from "../usage/token-usage.ts";

export type StepKind = "context" | "model" | "tool" | "compaction" | "approval" | "child" | "hook";

/** What repeating the step may do to the world; decides what happens to an unknown outcome. */
export type { Effect };

export interface StepError {
  code: ErrorCode;
  message: string;
  /** True: the run may be retried from this step. False: the failure is final and is replayed. */
  isRetryable: boolean;
  /** When a retry makes sense, in ms since the epoch. */
  retryAtMs?: number | undefined;
  details?: JsonValue | undefined;
  /** Of what the message quotes, as texts; left out: it is Roost's own. */
  labels?: string[] | undefined;
}

/** The result of a step's work. A step that throws has none: its intent stays open and its effect class decides. */
export type StepResult<T> =
  /** `labels`: of the output, beside those of the run; default: none. */
  | { state: "done"; output: T; labels?: Labels | undefined; usage?: StepUsage; costUsd?: number | null }
  | { state: "failed"; error: StepError }
  /** The effect may or may not have happened. `labels`: of what the message quotes. */
  | { state: "unknown"; message: string; labels?: string[] | undefined }
  /** The run may be suspended; it continues when the wait is answered. */
  | { state: "waiting"; wait: JsonValue };

/** A step's outcome for the loop, the same in its first execution and in every replay. */
export type StepOutcome<T> =
  | { state: "done"; output: T }
  | { state: "failed"; error: StepError }
  | { state: "unknown"; message: string; labels?: string[] | undefined }
  /** `labels`: of the answer. */
  | { state: "answered"; answer: JsonValue; labels?: Labels | undefined };

export interface StepCall {
  /** Stable for this step across attempts and processes. */
  idempotencyKey: string;
  signal: AbortSignal;
  /** 1 for the first try. */
  attempt: number;
  /** Current labels of the run: its context and all it has read since. */
  labels: () => Promise<Labels>;
}

export interface StepOptions<T> {
  kind: StepKind;
  effect: Effect;
  /** Recorded with the intent, for people; must be the same in every replay, or the run has diverged. */
  input?: JsonValue;
  /** For `queryable` effects: whether the effect with this idempotency key happened. */
  query?:
    | ((
        idempotencyKey: string,
        options: { signal: AbortSignal },
      ) => Promise<{ found: true; output: T; labels?: Labels | undefined } | { found: false }>)
    | undefined;
}

/**
 * Runs a step once and remembers its outcome.
 *
 * An implementation promises:
 * - the step's sequence number is taken synchronously, in the order of the calls to `step`;
 * - the intent is durable before `execute` is called, the result before `step` resolves;
 * - a recorded result is returned without calling `execute`;
 * - an `unknown` result, or an intent without a result, is resolved by effect class: `readonly` runs again,
 * `idempotent` runs again with the same key, `queryable` is queried first, `unsafe` becomes `unknown`;
 * - the labels of a run and of a result are joined here and nowhere else, and recorded with the result;
 * - whatever it throws (lease lost, suspended, diverged) passes through the loop unchanged.
 */
export interface StepRunner {
  step<T>(
    name: string,
    options: StepOptions<T>,
    execute: (call: StepCall) => Promise<StepResult<T>>,
  ): Promise<StepOutcome<T>>;
}
