/** Every number that bounds subjects. */
export const subjectLimits = {
  textCharsMax: 10_000,
  ttlMsMin: 1_000,
  ttlMsDefault: 30 * 86_400_000,
  ttlMsMax: 400 * 86_400_000,
  /** Live subjects of one scope: what a new one is compared with, and no more. */
  perScopeMax: 5_000,
  /** Near subjects that an answer names. */
  similarMax: 10,
  listMax: 500,
  /** How long an expired subject stays on record. */
  keepExpiredMs: 7 * 86_400_000,
  /** Expired subjects that one granted subject clears away. */
  sweepMax: 200,
} as const;
