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

/** A duration between half of `ms` and all of it, so that many who wait for the same thing do not come back together. */
export function jitteredMs(ms: number, options: { random?: () => number } = {}): number {
  const random = options.random ?? Math.random;
  return ms * (0.5 + random() / 2);
}
