/** Finds what needs the person's attention by checking the state. */
import { formatDurationMs } from "@roost/base";
import { clipText, deliveryTargets, reasonCharsMax, type DeliveryTarget } from "@roost/contract/operations";
import { listFailingJobs, readEventTopics, silentMsMax, type Job } from "@roost/jobs";
import {
  describeMissing,
  listLaggingPartitions,
  listUnplacedRuns,
  listUnresolvedSteps,
  noticeGroupOf,
  readPausedQueues,
  readUnsent,
  stoppedFailuresMin,
  type Kernel,
  type WorkerRow,
} from "@roost/kernel";
import { listFileProblems, sayProblem } from "@roost/memory";
import type { ListedService } from "@roost/service";
import { iso, isoOrNull } from "./iso.ts";

export interface Alarm {
  code: string;
  text: string;
  since: string | null;
}

const unresolvedShown = 20;
/** A consumer group that is behind by more does not get over it by itself. */
const lagMsMax = 5 * 60_000;
const laggingShown = 20;
const fileProblemsShown = 20;
const failingJobsShown = 20;

export interface AlarmFacts {
  workers: WorkerRow[];
  jobs: Job[];
  services: readonly ListedService[];
  nowMs: number;
  modelProblem: string | null;
}

const isWorker = ({ kind }: WorkerRow) => kind === "worker";

/** Asks the database for all at once; with what else is known it is told. */
export async function readAlarms(kernel: Kernel): Promise<(facts: AlarmFacts) => Alarm[]> {
  const { database } = kernel;
  const [failing, unsent, unplaced, paused, unresolved, problems, lagging] = await Promise.all([
    readFailingJobs(kernel),
    readUnsentNotices(kernel),
    listUnplacedRuns(database),
    readPausedQueues(kernel),
    listUnresolvedSteps(kernel, { limit: unresolvedShown }),
    listFileProblems(database),
    readLagAlarms(kernel),
  ]);
  return ({ workers, jobs, services, nowMs, modelProblem }) => [
    ...(modelProblem === null ? [] : [{ code: "model_problem", text: modelProblem, since: null }]),
    ...failing,
    ...unsent,
    ...(workers.some(isWorker)
      ? []
      : [{ code: "no_worker", text: "No worker is registered, so no run can start", since: null }]),
    // That there is no worker at all is told above.
    ...unplaced.filter(({ needs }) => needs.length > 0 || workers.some(isWorker)).map(tellUnplaced),
    ...[...paused].map(([queue, { reason, since }]) => {
      const why = reason === null ? "" : ` (${reason})`;
      const text = `Queue ${queue} is paused${why}: roost queues resume ${queue}`;
      return { code: "queue_paused", text, since: since.toISOString() };
    }),
    ...jobs.flatMap((job) => tellSilent(job, nowMs)),
    ...unresolved.map(({ name, seq, runId, endedAt }) => ({
      code: "unknown_outcome",
      text: `The outcome of ${name} is unknown (step ${seq} of run ${runId}): record it with roost run resolve`,
      since: isoOrNull(endedAt),
    })),
    ...problems
      .slice(0, fileProblemsShown)
      .map((problem) => ({ code: "file_problem", text: sayProblem(problem), since: problem.since.toISOString() })),
    ...listServiceAlarms(services),
    ...lagging,
  ];
}

function tellUnplaced(unplaced: Awaited<ReturnType<typeof listUnplacedRuns>>[number]): Alarm {
  const { runCount, since } = unplaced;
  const waits = runCount === 1 ? "A run waits" : `${runCount} runs wait`;
  const text = `${waits} for a worker that ${describeMissing(unplaced)}: none does (docs/hosts.md)`;
  return {
    code: unplaced.needs.length === 0 ? "queue_unserved" : "needs_unmet",
    text: clipText(text, reasonCharsMax),
    since: since.toISOString(),
  };
}

/** A job that is long due and has not fired. */
function tellSilent({ id, dueAt }: Job, nowMs: number): Alarm[] {
  const lateMs = dueAt === null ? 0 : nowMs - Number(dueAt);
  if (dueAt === null || lateMs <= silentMsMax) return [];
  const isSince = Number.isFinite(lateMs);
  const text = `Job ${id} has been due for ${isSince ? formatDurationMs(lateMs) : "ever"} and has not fired`;
  return [{ code: "job_not_ticking", text, since: isSince ? iso(dueAt) : null }];
}

/** Of those that the settings name: what keeps them from running. */
function listServiceAlarms(services: readonly ListedService[]): Alarm[] {
  return services.flatMap(({ name, title, reason, isEnabled }) => {
    if (!isEnabled || reason === null) return [];
    const text = `Service ${title === name ? name : `${name} (${title})`} is down: ${reason} (roost service status ${name})`;
    return [{ code: "service_down", text: text.slice(0, 2000).toWellFormed(), since: null }];
  });
}

async function readFailingJobs(kernel: Kernel): Promise<Alarm[]> {
  const failing = await listFailingJobs(kernel, { limit: failingJobsShown });
  return failing.map(({ jobId, since, runId, seenCount, reason }) => {
    const times = seenCount === 1 ? "failed" : `failed ${seenCount} times`;
    const next = runId === null ? `roost jobs show ${jobId}` : `roost log why ${runId}`;
    return { code: "job_failing", text: `Job ${jobId} ${times}: ${reason} (${next})`, since: since.toISOString() };
  });
}

async function readUnsentNotices(kernel: Kernel): Promise<Alarm[]> {
  const alarms = await Promise.all(deliveryTargets.map((target) => readUnsentTo(kernel, target)));
  return alarms.filter((alarm) => alarm !== undefined);
}

async function readUnsentTo(kernel: Kernel, target: DeliveryTarget): Promise<Alarm | undefined> {
  const group = noticeGroupOf(target);
  const unsent = await readUnsent(kernel.database, group);
  if (unsent === undefined) return undefined;
  const { waitingCount, givenUpCount, since, reason } = unsent;
  const parts = [
    ...(givenUpCount === 0 ? [] : [`${givenUpCount} not delivered in seven days (roost log retry --group ${group})`]),
    ...(waitingCount === 0 ? [] : [`${waitingCount} waiting`]),
  ];
  const name = target === "webhook" ? "the webhook" : target;
  const text = clipText(`Notices for ${name}: ${parts.join(", ")}: ${reason}`, reasonCharsMax);
  return { code: "notices_undelivered", text, since: since.toISOString() };
}

async function readLagAlarms(kernel: Kernel): Promise<Alarm[]> {
  const lagging = await listLaggingPartitions(kernel.database, {
    lagMsMin: lagMsMax,
    failuresMin: stoppedFailuresMin,
    limit: laggingShown,
    neededTopics: await readEventTopics(kernel),
  });
  return lagging.map((place) => {
    const where = `Consumer group ${place.group} at ${place.topic}/${place.partition}`;
    const behind = `${place.lagCount} events and ${formatDurationMs(place.lagMs ?? 0)} behind`;
    if (place.failureCount > 0) {
      const event = `${place.eventType ?? "an event"} (offset ${place.cursor}${place.eventId === null ? "" : `, id ${place.eventId}`})`;
      const next = `roost log groups skip ${place.group} ${place.topic}/${place.partition} passes over it`;
      const text = `${where} stops at ${event}, which failed ${place.failureCount} times (${behind}): ${place.lastError?.message ?? "no reason"}; ${next}`;
      return { code: "consumer_failing", text: text.slice(0, 2000).toWellFormed(), since: isoOrNull(place.failedAt) };
    }
    const kept = place.isPinned ? ", and retention waits for it" : "";
    return { code: "consumer_lagging", text: `${where} is ${behind}${kept}`, since: isoOrNull(place.movedAt) };
  });
}
