export interface Backoff {
  /** Delay after the first failure. */
  firstMs: number;
  maxMs: number;
  /** Multiplier per further failure. Default 2. */
  factor?: number | undefined;
}

/** By then `maxMs` is reached; counting on would overflow. */
const failuresCounted = 64;

/** Delay after this many failures in a row, counted from 1. Where many wait for the same thing, add `jitteredMs`. */
export function backoffMs(failureCount: number, { firstMs, maxMs, factor = 2 }: Backoff): number {
  return Math.min(maxMs, firstMs * factor ** (Math.min(Math.max(failureCount, 1), failuresCounted) - 1));
}
