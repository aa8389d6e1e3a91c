import type { Clock } from "@roost/base";

/** More are refused until the window ends. */
export const failuresMax = 20;
export const failureWindowMs = 10_000;

export interface CountedFailure {
  /** In this window, with this one. */
  count: number;
  isTooMany: boolean;
  /** Until the window ends. */
  retryAfterS: number;
  /** In the window before, where this is the first of another; else 0. */
  before: number;
}

/** Counts what slows down guessing: calls that bring something wrong. In memory, all callers together. */
export function createFailureCount(clock: Clock): () => CountedFailure {
  let count = 0;
  let endsMs = 0;
  return () => {
    const nowMs = clock.nowMs();
    const isAnother = nowMs >= endsMs;
    const before = isAnother ? count : 0;
    if (isAnother) {
      endsMs = nowMs + failureWindowMs;
      count = 0;
    }
    count += 1;
    return { count, isTooMany: count > failuresMax, retryAfterS: Math.ceil((endsMs - nowMs) / 1_000), before };
  };
}
