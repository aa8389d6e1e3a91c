/** The rows of `roost ps`: every unfinished run, then every job by due time. */
import { type Handler, placeOf, textPlace, toPage, uuidPlace } from "@roost/contract";
import { describeTrigger, type ActivityRecord, type listActivity as operation } from "@roost/contract/operations";
import { listJobsByDue, type Job } from "@roost/jobs";
import {
  describeMissing,
  findHoldUps,
  listActivity as readActivity,
  listUnplacedRuns,
  readPausedQueues,
  type Activity,
  type Kernel,
  type UnplacedRuns,
} from "@roost/kernel";
import { z } from "zod";
import { readLocksOfRuns } from "../records/read-locks-of-runs.ts";
import { describeHoldUp } from "../records/describe-hold-up.ts";
import { describeStartLimit } from "../records/describe-start-limit.ts";
import { isoOrNull } from "../records/iso.ts";
import { toRunSummary } from "../records/to-run-summary.ts";

export function listActivity(kernel: Kernel, timeZone: string): Handler<typeof operation> {
  return async ({ limit, after: given }) => {
    const place = placeOf(activityPlace, given);
    const after =
      place?.kind === "job" ? { dueAt: place.dueAt === null ? null : new Date(place.dueAt), id: place.id } : undefined;
    const [runs, jobs, locks, paused, unplaced] = await Promise.all([
      place?.kind === "job" ? [] : readActivity(kernel, { limit, after: place }),
      listJobsByDue(kernel, { limit: limit + 1, states: ["active", "paused"], after }),
      readLocksOfRuns(kernel),
      readPausedQueues(kernel),
      listUnplacedRuns(kernel.database),
    ]);
    const unmet = new Set(unplaced.map(placeOfNeeds));
    const held = await readHeld(kernel, runs);
    const rows = [
      ...runs.map((run) =>
        ofRun(run, {
          holds: locks.get(run.id) ?? [],
          held: held.get(run.id),
          isPaused: paused.has(run.queue),
          isUnplaced: unmet.has(placeOfNeeds({ needs: run.needs ?? [], queue: run.queue })),
        }),
      ),
      ...jobs.map((job) => ofJob(job, timeZone)),
    ];
    const shown = rows.slice(0, limit);
    const last = shown.at(-1);
    const isMore = rows.length > limit || runs.length === limit;
    return {
      at: new Date(kernel.clock.nowMs()).toISOString(),
      ...toPage(shown, isMore && last !== undefined ? placeOfRow(last) : null),
    };
  };
}

/** The row itself rather than its number: rows come and go between two pages. */
const activityPlace = z.union([
  z.object({ kind: z.literal("run"), isRunning: z.boolean(), runId: uuidPlace }),
  z.object({ kind: z.literal("job"), dueAt: z.iso.datetime().nullable(), id: textPlace }),
]);

function placeOfRow({ kind, id, state, dueAt }: ActivityRecord): z.output<typeof activityPlace> {
  return kind === "run" ? { kind, isRunning: state === "running", runId: id } : { kind, dueAt, id };
}

function placeOfNeeds({ needs, queue }: Pick<UnplacedRuns, "needs" | "queue">): string {
  return `${queue} ${[...new Set(needs)].toSorted().join(" ")}`;
}

/** Of the runs that wait for others: what a person has to do first. */
async function readHeld({ database }: Kernel, runs: readonly Activity[]): Promise<Map<string, string | undefined>> {
  const waiting = runs.filter(({ state, waitingFor }) => state === "queued" || waitingFor === "child");
  if (waiting.length === 0) return new Map();
  const ids = waiting.map(({ id }) => id);
  const found = await findHoldUps(database, ids);
  return new Map(found.map((each) => [each.runId, describeHoldUp(each)]));
}

interface RunFacts {
  holds: string[];
  /** A person holds up what it waits for. */
  held: string | undefined;
  /** Its queue is. */
  isPaused: boolean;
  /** No live worker may take it. */
  isUnplaced: boolean;
}

function ofRun(run: Activity, { holds, held, isPaused, isUnplaced }: RunFacts): ActivityRecord {
  const summary = toRunSummary(run);
  const ahead = run.aheadCount > 0 ? `${run.aheadCount} before it` : null;
  const place = isUnplaced
    ? `a worker that ${describeMissing({ needs: run.needs ?? [], queue: run.queue })}: none does`
    : null;
  const other = summary.waitingFor ?? ahead;
  const waits = other !== null && held !== undefined ? `${other}, ${held}` : other;
  const queue = run.state === "ready" ? (isPaused ? `queue ${run.queue}, which is paused` : place) : null;
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
    waitingFor: run.startLimit === null ? (waits ?? queue) : describeStartLimit(run.startLimit),
    sinceAt: isoOrNull(run.claimedAt ?? run.createdAt),
    dueAt: isoOrNull(run.wakeAt ?? run.startLimit?.nextAt),
    workerId: run.workerId,
    stepName: run.step?.name ?? null,
    costUsd: run.costUsd,
    tokens: run.tokens,
    runId: run.id,
    jobId: run.jobId,
  };
}

function causeOf(run: Activity): ActivityRecord["causedBy"] {
  if (run.jobId !== null) return { kind: "job", id: run.jobId };
  if (run.parentRunId !== null) return { kind: "run", id: run.parentRunId };
  return run.sessionKey === null ? null : { kind: "message", id: run.sessionKey };
}

function ofJob(job: Job, timeZone: string): ActivityRecord {
  return {
    kind: "job",
    id: job.id,
    title: job.definition.title ?? job.id,
    agent: job.definition.agent,
    sessionKey: null,
    state: job.state === "paused" ? "paused" : job.dueAt === null ? "idle" : "due",
    why: job.pausedReason ?? whyOf(job, timeZone),
    causedBy: null,
    holds: [],
    waitingFor: null,
    sinceAt: isoOrNull(job.lastTick?.scheduledAt),
    dueAt: isoOrNull(job.dueAt),
    workerId: null,
    stepName: null,
    costUsd: 0,
    tokens: 0,
    runId: null,
    jobId: job.id,
  };
}

function whyOf({ definition }: Job, timeZone: string): string {
  if (!definition.enabled) return "disabled";
  try {
    return describeTrigger(definition.trigger, { timeZone });
  } catch {
    return "its trigger cannot be read: define the job again";
  }
}
