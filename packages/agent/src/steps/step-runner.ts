// The durable step function that a loop is handed. The worker implements it over the kernel's
// journal, tests over a Map (see src/testing/create-memory-step-runner.ts). This file only says
// what both must promise; it stores nothing.

import type { ErrorCode, JsonValue } from "@roost/base";
import type { Labels } from "@roost/contract/labels";
import type { StepUsage } from "../usage/token-usage.ts";

export type StepKind = "context" | "model" | "tool" | "compaction" | "approval";

/** What repeating the step would do to the world; decides what happens to an unknown outcome. */
export type Effect = "readonly" | "idempotent" | "queryable" | "unsafe";

export interface StepError {
  code: ErrorCode;
  message: string;
  /** True: the run may be tried again from this step. False: the failure is final and is replayed. */
  isRetryable: boolean;
  /** When trying again makes sense, in ms since the epoch. */
  retryAtMs?: number;
  details?: JsonValue;
  /** Of what the message quotes, as texts; left out: it is Roost's own. */
  labels?: string[];
}

/** What a step's work came to. A step that throws has no result: its intent stays open and its effect class decides. */
export type StepResult<T> =
  /** `labels`: what the output carries beside what the run knew; left out: nothing. */
  | { state: "done"; output: T; labels?: Labels; usage?: StepUsage; costUsd?: number | null }
  | { state: "failed"; error: StepError }
  /** The effect may or may not have happened. `labels`: of what the message quotes. */
  | { state: "unknown"; message: string; labels?: string[] }
  /** The run may be suspended; it goes on when the wait is answered. */
  | { state: "waiting"; wait: JsonValue };

/** What the loop learns of a step, the same in the first run of it and in every replay. */
export type StepOutcome<T> =
  | { state: "done"; output: T }
  | { state: "failed"; error: StepError }
  | { state: "unknown"; message: string; labels?: string[] }
  /** `labels`: of the answer. */
  | { state: "answered"; answer: JsonValue; labels?: Labels };

export interface StepCall {
  /** Stable for this step across attempts and processes. */
  idempotencyKey: string;
  signal: AbortSignal;
  /** 1 for the first try. */
  attempt: number;
  /** What the run knows by now: the join of its context and of all that it has read since. */
  labels: () => Promise<Labels>;
}

export interface StepOptions<T> {
  kind: StepKind;
  effect: Effect;
  /** Recorded with the intent, for people to read; the same in every replay, or the run counts as diverged. */
  input?: JsonValue;
  /** For `queryable` effects: did the effect with this idempotency key happen? */
  query?: (
    idempotencyKey: string,
    options: { signal: AbortSignal },
  ) => Promise<{ found: true; output: T; labels?: Labels } | { found: false }>;
}

/**
 * Runs a step once and remembers what it came to.
 *
 * An implementation promises:
 * - the step's sequence number is taken synchronously, in the order of the calls to `step`;
 * - the intent is durable before `execute` is called, the result before `step` resolves;
 * - a recorded result is returned without calling `execute`;
 * - an `unknown` result, or an intent without a result, is resolved by effect class: `readonly` runs again,
 *   `idempotent` runs again with the same key, `queryable` is asked first, `unsafe` becomes `unknown`;
 * - what a step knew and what its result carries is joined here and nowhere else, and recorded with the result;
 * - whatever it throws (lease lost, suspended, diverged) passes through the loop untouched.
 */
export interface StepRunner {
  step<T>(
    name: string,
    options: StepOptions<T>,
    execute: (call: StepCall) => Promise<StepResult<T>>,
  ): Promise<StepOutcome<T>>;
}
