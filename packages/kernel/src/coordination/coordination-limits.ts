/** Every number that bounds locks, once-only effects and remembered results. */
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
  /** Of answers that are kept by idempotency key: how long they are, how long they stay, and how long an attempt may take. */
  answerBytesMax: 64 * 1024,
  answerKeepMs: 7 * 86_400_000,
  answerBusyMs: 120_000,
  listMax: 500,
  /** Rows that one pass of clearing up touches. */
  passMax: 200,
  /** How long a released lock's name stays on record. */
  keepReleasedMs: 7 * 86_400_000,
} as const;
