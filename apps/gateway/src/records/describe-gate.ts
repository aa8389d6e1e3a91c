import { formatDurationMs } from "@roost/base";
import type { GateUse } from "@roost/kernel";

/** What a run waits for at a gate, in words: `concurrency key mail: 2 of 2 running`. */
export function describeGate({ name, kind, used, max, windowMs }: GateUse): string {
  const key = name.slice(name.indexOf(":") + 1);
  return kind === "slot"
    ? `concurrency key ${key}: ${used} of ${max} running`
    : `rate limit ${key}: ${used} of ${max} started in ${formatDurationMs(windowMs ?? 0)}`;
}
