/** Every number that bounds claims. */
export const claimLimits = {
  textCharsMax: 10_000,
  ttlMsMin: 1_000,
  ttlMsDefault: 30 * 86_400_000,
  ttlMsMax: 400 * 86_400_000,
  /** Live claims of one scope: what a new one is compared with, and no more. */
  perScopeMax: 5_000,
  /** Near claims that an answer names. */
  similarMax: 10,
  listMax: 500,
  /** How long an expired claim stays on record. */
  keepExpiredMs: 7 * 86_400_000,
  /** Expired claims that one granted claim clears away. */
  sweepMax: 200,
} as const;
