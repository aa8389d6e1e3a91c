/** One job of a report, from its ticks and runs. Overlaps and collisions are found elsewhere. */
import { describeTrigger, type RehearsedJob, type RehearsedRun, type RehearsedTick } from "@roost/contract/operations";
import type { ProfiledJob } from "../profile/read-profiles.ts";

export interface JobQuestion {
  job: ProfiledJob & { state: string };
  ticks: readonly RehearsedTick[];
  runs: readonly RehearsedRun[];
  isPriced: boolean;
  durationMs: number;
  /** The home's, which is not repeated. */
  timeZone: string;
}

const reasonsMax = 50;

export function summarizeJob({ job, ticks, runs, isPriced, durationMs, timeZone }: JobQuestion): RehearsedJob {
  const count = (outcome: string) => ticks.filter((tick) => tick.outcome === outcome).length;
  const sum = (valueOf: (run: RehearsedRun) => number) => runs.reduce((total, run) => total + valueOf(run), 0);
  const fresh = runs.filter((run) => !run.wasGoing);
  const shown = runs.filter((run) => run.shownTokens > 0).toSorted((a, b) => a.shownTokens - b.shownTokens);
  return {
    jobId: job.id,
    title: job.definition.title ?? null,
    state: job.state,
    when: describeTrigger(job.definition.trigger, { timeZone }).slice(0, 2_000),
    overlap: job.definition.overlap,
    fired: count("fired"),
    skipped: count("skipped"),
    missed: count("missed"),
    reasons: reasonsOf(ticks),
    runs: fresh.length,
    quietRuns: fresh.filter((run) => run.state === "done" && run.modelCalls === 0).length,
    failedRuns: fresh.filter((run) => run.state === "failed").length,
    durationMs,
    shownTokens: shown[Math.floor((shown.length - 1) / 2)]?.shownTokens ?? 0,
    shownTokensMax: shown.at(-1)?.shownTokens ?? 0,
    shown: shown.at(-1)?.shown ?? [],
    modelCalls: sum((run) => run.modelCalls),
    inputTokens: sum((run) => run.inputTokens),
    outputTokens: sum((run) => run.outputTokens),
    costUsd: isPriced ? sum((run) => run.costUsd ?? 0) : null,
  };
}

/** Equal except for the run they name. */
function reasonsOf(ticks: readonly RehearsedTick[]): RehearsedJob["reasons"] {
  const alike = Map.groupBy(
    ticks.filter((tick) => tick.reason !== null),
    ({ outcome, reason }) => JSON.stringify([outcome, (reason ?? "").replaceAll(/#\d+/g, "")]),
  );
  return [...alike.values()]
    .map(([first, ...more]) => ({
      outcome: first!.outcome,
      reason: first!.reason ?? "",
      count: 1 + more.length,
      firstAt: first!.scheduledAt,
    }))
    .toSorted((a, b) => b.count - a.count)
    .slice(0, reasonsMax);
}
