import type { RehearsedBurst } from "@roost/contract/operations";
import type { PlayedTick } from "./read-played.ts";

/** Jobs that fire at the same moment, largest groups first; a repeated group is counted. */
export function findBursts(ticks: readonly PlayedTick[]): RehearsedBurst[] {
  const fired = ticks.filter((tick) => tick.outcome === "fired");
  const bursts = new Map<string, RehearsedBurst>();
  for (const [atMs, together] of Map.groupBy(fired, (tick) => tick.recordedAt.getTime())) {
    const jobs = [...new Set(together.map(({ jobId }) => jobId))].toSorted();
    if (jobs.length < 2) continue;
    const known = bursts.get(jobs.join(" "));
    if (known !== undefined) known.count += 1;
    else bursts.set(jobs.join(" "), { jobs, count: 1, firstAt: new Date(atMs).toISOString() });
  }
  return [...bursts.values()].toSorted((a, b) => b.jobs.length - a.jobs.length || b.count - a.count);
}
