export interface Backoff {
  /** After the first failure. */
  firstMs: number;
  maxMs: number;
  /** What each further failure multiplies it by. Default 2. */
  factor?: number | undefined;
}

/** Beyond this many doublings every `maxMs` is reached, and numbers would leave their range. */
const failuresCounted = 64;

/** How long to wait after so many failures in a row, counted from 1. Where many wait for the same thing, give it to `jitteredMs`. */
export function backoffMs(failureCount: number, { firstMs, maxMs, factor = 2 }: Backoff): number {
  return Math.min(maxMs, firstMs * factor ** (Math.min(Math.max(failureCount, 1), failuresCounted) - 1));
}
