import { formatDurationMs } from "@roost/base";
import type { StartLimitUse } from "@roost/kernel";

/** What a run waits for at a start limit, in words: `concurrency limit mail: 2 of 2 running`. */
export function describeStartLimit({ name, kind, used, max, windowMs }: StartLimitUse): string {
  const key = name.slice(name.indexOf(":") + 1);
  return kind === "slot"
    ? `concurrency limit ${key}: ${used} of ${max} running`
    : `rate limit ${key}: ${used} of ${max} started in ${formatDurationMs(windowMs ?? 0)}`;
}
