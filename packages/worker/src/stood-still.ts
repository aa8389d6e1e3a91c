import type { Clock } from "@roost/base";

/**
 * For what looks every `everyMs`: whether this machine stood still since the look before, as a laptop that slept. Then schedulers stood still as well,
 * and what is overdue is about to be done.
 */
export function createStoodStill(clock: Clock, everyMs: number): () => boolean {
  let lookedMs = clock.nowMs();
  return () => {
    const sinceMs = clock.nowMs() - lookedMs;
    lookedMs += sinceMs;
    return sinceMs >= 2 * everyMs;
  };
}
