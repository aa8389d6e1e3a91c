/** Builds a report from what was played. The parts are in the files beside this one. */
import type { ProviderConfig } from "@roost/agent";
import {
  rehearsalRowsMax,
  type RehearsalReport,
  type RehearsedRun,
  type RehearsedTick,
} from "@roost/contract/operations";
import type { Sql } from "@roost/database";
import type { ChangedJob } from "@roost/jobs";
import type { MeasuredRun } from "../play/create-simulated-handler.ts";
import { isPriceKnown } from "../play/find-providers.ts";
import { profileDefaults, type JobProfile } from "../profile/job-profile.ts";
import type { ProfiledJob } from "../profile/read-profiles.ts";
import { buildTimeline } from "./build-timeline.ts";
import { findBursts } from "./find-bursts.ts";
import { findCaps } from "./find-caps.ts";
import { findCollisions } from "./find-collisions.ts";
import { findOverlap } from "./find-overlaps.ts";
import { listAssumptions } from "./list-assumptions.ts";
import { nameRuns, type RunNames } from "./name-runs.ts";
import { readPlayed, type Played, type PlayedRun } from "./read-played.ts";
import { mostAtOnce } from "./spans.ts";
import { summarizeJob } from "./summarize-job.ts";

export interface ReportQuestion {
  scratch: Sql;
  span: { fromMs: number; untilMs: number; hours: number; timeZone: string; isLater: boolean };
  changes: readonly ChangedJob[];
  jobs: readonly (ProfiledJob & { state: string })[];
  profiles: ReadonlyMap<string, JobProfile>;
  measured: ReadonlyMap<string, MeasuredRun>;
  places: { count: number; isAssumed: boolean };
  providers: readonly ProviderConfig[];
}

export async function buildReport(question: ReportQuestion): Promise<RehearsalReport> {
  const { span, jobs, profiles, measured, providers } = question;
  const { fromMs, untilMs } = span;
  const played = await readPlayed(question.scratch, fromMs);
  const names = nameRuns(played.runs);
  const isPriced = isPriceKnown(providers);
  const runs = played.runs.map((run) => toRun(run, { names, measured, isPriced, ...span }));
  const ticks = played.ticks.map((tick) => toTick(tick, names));
  const ranJobs = new Set(played.runs.flatMap(({ jobId }) => jobId ?? []));
  return {
    from: new Date(fromMs).toISOString(),
    until: new Date(untilMs).toISOString(),
    hours: span.hours,
    timeZone: span.timeZone,
    changes: question.changes
      .filter(({ change }) => change !== "unchanged")
      .map(({ jobId, change, differences }) => ({
        jobId,
        change,
        paths: differences.slice(0, 100).map(({ path }) => path.slice(0, 500)),
      })),
    totals: totalsOf(played, runs, { isPriced, places: question.places.count, untilMs }),
    timeline: buildTimeline(played, { ...span, isPriced }),
    jobs: jobs.map((job) =>
      summarizeJob({
        job,
        ticks: ticks.filter((tick) => tick.jobId === job.id),
        runs: runs.filter((run) => run.jobId === job.id),
        isPriced,
        timeZone: span.timeZone,
        durationMs: profiles.get(job.id)?.durationMs ?? profileDefaults.durationMs,
      }),
    ),
    overlaps: jobs.flatMap(({ id, definition }) => {
      const ofJob = {
        ticks: played.ticks.filter((tick) => tick.jobId === id),
        runs: played.runs.filter((run) => run.jobId === id),
      };
      return findOverlap({ jobId: id, policy: definition.overlap, ...ofJob, untilMs }) ?? [];
    }),
    collisions: findCollisions({ runs: played.runs, profiles, names, untilMs }).slice(0, rehearsalRowsMax),
    bursts: findBursts(played.ticks).slice(0, rehearsalRowsMax),
    caps: findCaps(played, names),
    ticks: ticks.slice(0, rehearsalRowsMax),
    runs: runs.slice(0, rehearsalRowsMax),
    assumptions: listAssumptions({ profiles, ranJobs, providers, places: question.places, isLater: span.isLater }),
  };
}

function toTick(
  { jobId, scheduledAt, outcome, reason, runId, lateMs }: Played["ticks"][number],
  names: RunNames,
): RehearsedTick {
  return {
    jobId,
    scheduledAt: scheduledAt.toISOString(),
    outcome,
    reason: reason === null ? null : names.inText(reason),
    run: runId === null ? null : names.of(runId),
    lateMs,
  };
}

interface RunView {
  names: RunNames;
  measured: ReadonlyMap<string, MeasuredRun>;
  isPriced: boolean;
  fromMs: number;
  untilMs: number;
}

function toRun(run: PlayedRun, { names, measured, isPriced, fromMs, untilMs }: RunView): RehearsedRun {
  const seen = measured.get(run.id);
  const shown = seen?.shown ?? [];
  const begun = run.startedAt?.getTime() ?? untilMs;
  const waits = run.state === "waiting" && run.waitingFor !== null ? ` for ${run.waitingFor}` : "";
  return {
    run: names.of(run.id),
    jobId: run.jobId,
    sessionKey: run.sessionKey,
    why: names.inText(run.reason).slice(0, 2_000),
    wasGoing: run.createdAt.getTime() < fromMs,
    dueAt: run.createdAt.toISOString(),
    startedAt: run.startedAt?.toISOString() ?? null,
    endedAt: run.endedAt?.toISOString() ?? null,
    waitedMs: Math.max(0, begun - run.createdAt.getTime()),
    // Runs still active at the end are given back when the workers leave.
    state: run.state === "ready" && run.startedAt !== null ? "running" : `${run.state}${waits}`,
    error: run.error === null ? null : names.inText(run.error.message).slice(0, 2_000),
    shownTokens: shown.reduce((sum, { tokens }) => sum + tokens, 0),
    shown,
    modelCalls: seen?.modelCalls ?? 0,
    inputTokens: run.inputTokens,
    outputTokens: run.outputTokens,
    costUsd: isPriced ? run.playedCostUsd : null,
  };
}

function totalsOf(
  { ticks, runs: rows }: Played,
  runs: readonly RehearsedRun[],
  { isPriced, places, untilMs }: { isPriced: boolean; places: number; untilMs: number },
): RehearsalReport["totals"] {
  const count = (outcome: string) => ticks.filter((tick) => tick.outcome === outcome).length;
  const sum = (valueOf: (run: RehearsedRun) => number) => runs.reduce((total, run) => total + valueOf(run), 0);
  const fresh = runs.filter((run) => !run.wasGoing);
  const spans = rows.flatMap(({ startedAt, endedAt }) =>
    startedAt === null ? [] : [{ fromMs: startedAt.getTime(), untilMs: endedAt?.getTime() ?? untilMs }],
  );
  return {
    fired: count("fired"),
    skipped: count("skipped"),
    missed: count("missed"),
    runs: fresh.length,
    quietRuns: fresh.filter((run) => run.state === "done" && run.modelCalls === 0).length,
    failedRuns: fresh.filter((run) => run.state === "failed").length,
    modelCalls: sum((run) => run.modelCalls),
    inputTokens: sum((run) => run.inputTokens),
    outputTokens: sum((run) => run.outputTokens),
    costUsd: isPriced ? sum((run) => run.costUsd ?? 0) : null,
    goingMax: mostAtOnce(spans),
    places,
    waitedMsMax: Math.max(0, ...fresh.map((run) => run.waitedMs)),
  };
}
