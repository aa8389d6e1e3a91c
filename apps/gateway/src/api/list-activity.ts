/** The rows of `roost ps`: every run that has not ended, then every job by when it is due. */
import { formatDurationMs, parseDurationMs } from "@roost/base";
import type { Activity as ActivityRecord } from "@roost/contract/operations";
import { listActivity as readActivity, readPausedQueues, type Activity, type Job } from "@roost/kernel";
import type { ApiHandler } from "../api-handler.ts";
import type { GatewayContext } from "../gateway-context.ts";
import { readAllJobs } from "../records/read-all-jobs.ts";
import { requireCursor } from "../records/require-cursor.ts";
import { readLocksOfRuns } from "../records/read-locks-of-runs.ts";
import { describeGate } from "../records/describe-gate.ts";
import { isoOrNull } from "../records/iso.ts";
import { toRunSummary } from "../records/to-run-summary.ts";

/** Runs that have not ended; of more, the newest are left out. */
const runsReadMax = 500;

export function listActivity({ kernel }: GatewayContext): ApiHandler<"listActivity"> {
  return async ({ limit, after }) => {
    const [runs, jobs, locks, paused] = await Promise.all([
      readActivity(kernel, { limit: runsReadMax }),
      readAllJobs(kernel, ["active", "paused"]),
      readLocksOfRuns(kernel),
      readPausedQueues(kernel),
    ]);
    const rows = [
      ...runs.map((run) => ofRun(run, { holds: locks.get(run.id) ?? [], isPaused: paused.has(run.queue) })),
      ...jobs.map(ofJob).toSorted(byDue),
    ];
    const begin = after === undefined ? 0 : Number(requireCursor("number", after));
    const shown = rows.slice(begin, begin + limit);
    const next = begin + shown.length < rows.length ? String(begin + shown.length) : null;
    return { at: new Date(kernel.clock.nowMs()).toISOString(), rows: shown, next };
  };
}

function ofRun(run: Activity, { holds, isPaused }: { holds: string[]; isPaused: boolean }): ActivityRecord {
  const summary = toRunSummary(run);
  const ahead = run.laneAhead > 0 ? `${run.laneAhead} before it` : null;
  const queue = isPaused && run.state === "ready" ? `queue ${run.queue}, which is paused` : null;
  return {
    kind: "run",
    id: run.id,
    title: summary.title,
    agent: summary.agent,
    sessionKey: run.sessionKey,
    state: run.state === "running" || run.state === "waiting" || run.state === "queued" ? run.state : "ready",
    why: run.reason,
    causedBy: causeOf(run),
    holds,
    waitingFor: run.gate === null ? (summary.waitingFor ?? ahead ?? queue) : describeGate(run.gate),
    sinceAt: isoOrNull(run.claimedAt ?? run.createdAt),
    dueAt: isoOrNull(run.wakeAt ?? run.gate?.nextAt),
    workerId: run.workerId,
    stepName: run.step?.name ?? null,
    spentUsd: run.usdSpent,
    tokens: run.tokensSpent,
    runId: run.id,
    jobId: run.jobId,
  };
}

function causeOf(run: Activity): ActivityRecord["causedBy"] {
  if (run.jobId !== null) return { kind: "job", id: run.jobId };
  if (run.parentRunId !== null) return { kind: "run", id: run.parentRunId };
  return run.sessionKey === null ? null : { kind: "message", id: run.sessionKey };
}

function ofJob(job: Job): ActivityRecord {
  return {
    kind: "job",
    id: job.id,
    title: job.definition.title ?? job.id,
    agent: job.definition.agent,
    sessionKey: null,
    state: job.state === "paused" ? "paused" : "due",
    why: job.pausedReason ?? describe(job),
    causedBy: null,
    holds: [],
    waitingFor: null,
    sinceAt: isoOrNull(job.lastTick?.scheduledAt),
    dueAt: isoOrNull(job.dueAt),
    workerId: null,
    stepName: null,
    spentUsd: 0,
    tokens: 0,
    runId: null,
    jobId: job.id,
  };
}

function describe({ definition: { trigger } }: Job): string {
  switch (trigger.kind) {
    case "cron":
      return `cron ${trigger.expression}`;
    case "every":
      return `every ${formatDurationMs(parseDurationMs(trigger.every))}`;
    case "at":
      return `once at ${trigger.at}`;
    case "event":
      return `on ${trigger.eventType}`;
    case "manual":
      return "by hand";
  }
}

/** What is due never comes last. */
function byDue(one: ActivityRecord, other: ActivityRecord): number {
  return (one.dueAt ?? "9").localeCompare(other.dueAt ?? "9") || one.id.localeCompare(other.id);
}
