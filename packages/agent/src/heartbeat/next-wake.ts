/** Minimum time between wakes by events. */
export const wakeMsMin = 30_000;
/** Maximum starts within `floodMs`, whatever woke them. */
export const floodStartsMax = 5;
export const floodMs = 60_000;

/** The earliest moment (ms since the epoch, never before `nowMs`) at which an event may wake the heartbeat. */
export function nextWake(startsMs: readonly number[], nowMs: number): number {
  const starts = startsMs.filter((startMs) => startMs <= nowMs).toSorted((left, right) => right - left);
  const [latest] = starts;
  const apart = latest === undefined ? nowMs : latest + wakeMsMin;
  const oldestOfFlood = starts[floodStartsMax - 1];
  const calm = oldestOfFlood === undefined ? nowMs : oldestOfFlood + floodMs;
  return Math.max(nowMs, apart, calm);
}
