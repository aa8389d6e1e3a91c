import { formatDurationMs } from "@roost/base";

const minuteMs = 60_000;

/** Formats an age in whole minutes: a text that changes every second would defeat prompt caches. */
export function ageText(ms: number): string {
  return ms < minuteMs ? "less than 1m" : formatDurationMs(Math.floor(ms / minuteMs) * minuteMs);
}
