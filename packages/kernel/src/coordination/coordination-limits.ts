/** Every number that bounds locks, once-only effects, remembered results and claims. */
export const coordinationLimits = {
  ttlMsMin: 1_000,
  ttlMsMax: 24 * 3_600_000,
  /** Longest wait within one call; who waits longer asks again. */
  waitMsMax: 60_000,
  /** Waiters of one lock. */
  waitersMax: 1_000,
  /** A waiter that has not asked again for this long has gone. */
  waiterTtlMs: 5_000,
  /** How often a waiter looks again although nothing woke it. */
  waitPollMs: 1_000,
  nameCharsMax: 200,
  resultBytesMax: 256 * 1024,
  keepMsDefault: 24 * 3_600_000,
  claimTextCharsMax: 10_000,
  claimTtlMsDefault: 30 * 86_400_000,
  claimTtlMsMax: 400 * 86_400_000,
  /** Live claims of one scope: what a new one is compared with, and no more. */
  claimsPerScopeMax: 5_000,
  /** Near claims that an answer names. */
  similarMax: 10,
  listMax: 500,
  /** Rows that one pass of clearing up touches. */
  passMax: 200,
  /** How long a released lock's name and an expired claim stay on record. */
  keepReleasedMs: 7 * 86_400_000,
} as const;
