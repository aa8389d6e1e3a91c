/** Deliveries that are set aside. */
export const deadLetterLimits = {
  /** Until one is given up. */
  attemptsMax: 5,
  /** The pause after the first attempt, and how much longer each next one is. */
  retryMsMin: 1_000,
  retryFactor: 4,
  /** So many wait for one key. */
  parkedMax: 10_000,
  errorCharsMax: 2_000,
} as const;
