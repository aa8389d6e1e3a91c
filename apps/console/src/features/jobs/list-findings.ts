import type { RehearsalReport } from "@roost/contract/operations";

/** What a rehearsal found that a person may want to change, a sentence each. `tellAt` writes a moment. */
export function listFindings(
  { caps, jobs, overlaps, collisions }: Pick<RehearsalReport, "caps" | "jobs" | "overlaps" | "collisions">,
  tellAt: (at: string) => string,
): string[] {
  return [
    ...caps
      .filter(({ refusals }) => refusals > 0)
      .map(({ scope, window, unit, max, refusals, first }) => {
        const since = first === null ? "" : `, first ${tellAt(first.at)} in ${first.run}`;
        return `The cap ${scope} of ${max} ${unit} (${window}) refuses ${refusals} calls${since}`;
      }),
    ...jobs.flatMap(({ jobId, reasons }) =>
      reasons.map(
        ({ outcome, reason, count, firstAt }) => `${jobId}: ${count} ${outcome}, first ${tellAt(firstAt)}: ${reason}`,
      ),
    ),
    ...overlaps
      .filter(({ queued, cancelled }) => queued + cancelled > 0)
      .map(
        ({ jobId, queued, cancelled, firstAt }) =>
          `${jobId}: ${queued} runs wait for an earlier one and ${cancelled} are ended by a later one, first ${tellAt(firstAt)}`,
      ),
    ...collisions.map(
      ({ kind, name, jobs: both, count, firstAt }) =>
        `${both.join(" and ")} meet at the ${kind} ${name}, ${count} times, first ${tellAt(firstAt)}`,
    ),
  ];
}
