import { formatDurationMs } from "@roost/base";

/** `3m ago`, `in 2h 5m`, `now`; empty for no time. */
export function relativeTime(time: string | null | undefined, nowMs: number): string {
  if (time === null || time === undefined) return "";
  const deltaMs = Date.parse(time) - nowMs;
  if (Math.abs(deltaMs) < 1000) return "now";
  const length = formatDurationMs(Math.abs(deltaMs));
  return deltaMs < 0 ? `${length} ago` : `in ${length}`;
}
