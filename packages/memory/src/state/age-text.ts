import { formatDurationMs } from "@roost/base";

const minuteMs = 60_000;

/** An age as models and people read it: whole minutes, because a text that changes with each second is never read from a cache. */
export function ageText(ms: number): string {
  return ms < minuteMs ? "less than 1m" : formatDurationMs(Math.floor(ms / minuteMs) * minuteMs);
}
