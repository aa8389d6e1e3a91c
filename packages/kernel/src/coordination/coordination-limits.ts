/** Limits of locks, once-only effects and remembered results. */
export const coordinationLimits = {
  ttlMsMin: 1_000,
  ttlMsMax: 24 * 3_600_000,
  /** Longest wait within one call; longer waits repeat the call. */
  waitMsMax: 60_000,
  /** Waiters of one lock. */
  waitersMax: 1_000,
  /** A waiter that has not asked again for this long has gone. */
  waiterTtlMs: 5_000,
  /** How often a waiter checks without a wake-up. */
  waitPollMs: 1_000,
  nameCharsMax: 200,
  resultBytesMax: 256 * 1024,
  keepMsDefault: 24 * 3_600_000,
  /** For answers kept by idempotency key: size, retention, and the time of an attempt. */
  answerBytesMax: 8 * 1024 * 1024,
  answerKeepMs: 7 * 86_400_000,
  answerBusyMs: 120_000,
  listMax: 500,
  /** Rows per cleaning pass. */
  passMax: 200,
  /** How long a released lock's name is kept. */
  keepReleasedMs: 7 * 86_400_000,
} as const;
