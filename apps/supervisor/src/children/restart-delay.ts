/** A child that ended this often without having stayed up in between is shown as one that cannot stay up. */
export const failuresInRowMax = 5;

/** A child that was up this long has proven that it can: its next end counts as the first. */
export const stableMsMin = 60_000;

const firstDelayMs = 100;
const delayMsMax = 30_000;

/** How long to wait before the child is started again, doubled with each failure in a row. */
export function restartDelayMs(failuresInRow: number): number {
  return Math.min(delayMsMax, firstDelayMs * 2 ** (failuresInRow - 1));
}
