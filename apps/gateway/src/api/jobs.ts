/** Jobs: define, apply from files, pause, resume, remove, run now, list ticks. */
import { numberPlace, placeOf, serve, type Served, textPlace, toPage } from "@roost/contract";
import * as operations from "@roost/contract/operations";
import {
  applyJobs,
  comingTicks,
  applyValidJobs,
  defineJob,
  getJob,
  getJobVersion,
  listJobVersions,
  listJobs,
  listJobsByDue,
  listLatestTicks,
  listTicks,
  pauseJob,
  previewMoments,
  removeJob,
  resumeJob,
  rollBackJob,
  runJobNow,
  type ChangedJob,
  type JobVersion,
  type KnownNames,
} from "@roost/jobs";
import type { Kernel } from "@roost/kernel";
import { z } from "zod";
import { iso } from "../records/iso.ts";
import { toJobRecord, toTickRecord } from "../records/to-job.ts";
import { requireSessions } from "../security/may-see-main.ts";

interface Given {
  kernel: Kernel;
  /** The home's zone, for triggers that name none. */
  timeZone: string;
  known: KnownNames;
}

/** A moment as PostgreSQL writes it, a job and a key. */
const tickPlace = z.tuple([z.string(), z.string(), z.string()]);
const ticksShown = 20;

export function serveJobs(given: Given): Served[] {
  return [
    ...serveReading(given.kernel),
    ...serveForeseeing(given),
    ...serveDefining(given),
    ...serveRunning(given.kernel),
  ];
}

function serveForeseeing({ kernel, timeZone: homeZone }: Given): Served[] {
  return [
    serve(operations.previewTicks, ({ trigger, activeHours, count, from }) => {
      const start = new Date(from ?? kernel.clock.nowMs());
      const { timeZone, moments } = previewMoments(trigger, { activeHours, timeZone: homeZone, from: start, count });
      return { timeZone, items: moments.map(({ at, isActive }) => ({ at: iso(at), isActive })) };
    }),
    serve(operations.foreseeTicks, async ({ from, until, jobId, limit }) => {
      const end = new Date(until);
      // The first moments are those of the jobs that are due first.
      const found =
        jobId === undefined
          ? await listJobsByDue(kernel, { limit: limit + 1, states: ["active"], until: end })
          : (await listJobs(kernel, { limit: 1, states: ["active"], ids: [jobId] })).jobs;
      const wanted = found.filter(({ definition }) => definition.enabled);
      const { ticks, isCut } = comingTicks(wanted, {
        from: from === undefined ? undefined : new Date(from),
        until: end,
        limit,
      });
      return { items: ticks.map((tick) => ({ jobId: tick.jobId, at: iso(tick.at) })), isCut };
    }),
  ];
}

function serveReading(kernel: Kernel): Served[] {
  return [
    serve(operations.listJobs, async ({ limit, after, ids, state }) => {
      const page = await listJobs(kernel, {
        limit,
        after: placeOf(textPlace, after),
        ids,
        states: state,
      });
      return toPage(page.jobs.map(toJobRecord), page.next);
    }),

    serve(operations.getJob, async ({ jobId }) => {
      const job = await getJob(kernel, jobId);
      const { ticks } = await listTicks(kernel, { jobId, limit: ticksShown });
      return { job: toJobRecord(job), ticks: ticks.map(toTickRecord) };
    }),

    serve(operations.listJobVersions, async ({ jobId, version, limit, after }) => {
      if (version !== undefined) return toPage([toVersionRecord(await getJobVersion(kernel, jobId, version))], null);
      const before = placeOf(numberPlace, after);
      const { versions, next } = await listJobVersions(kernel, jobId, { limit, before });
      return toPage(versions.map(toVersionRecord), next);
    }),

    serve(operations.listTicks, async ({ jobId, limit, after, outcome }) => {
      const page = await listTicks(kernel, {
        jobId,
        limit,
        after: placeOf(tickPlace, after),
        outcome,
      });
      return toPage(page.ticks.map(toTickRecord), page.next);
    }),

    serve(operations.listLatestTicks, async (asked) => {
      const ticks = await listLatestTicks(kernel, { ...asked, jobIds: [...new Set(asked.jobIds)] });
      return { items: ticks.map(toTickRecord) };
    }),
  ];
}

function toVersionRecord(found: JobVersion): operations.JobVersionRecord {
  const { jobId, version, definition, definedBy, definedAt, liveRunCount, differences } = found;
  return { jobId, version, definition, definedBy, definedAt: iso(definedAt), liveRunCount, differences };
}

function toChangeRecord({ jobId, change, differences, nextAt, kept }: ChangedJob): operations.JobChange {
  return {
    jobId,
    change,
    differences,
    nextAt: nextAt === null ? null : iso(nextAt),
    kept: kept === undefined || kept.length === 0 ? undefined : kept,
  };
}

function serveDefining({ kernel, timeZone, known }: Given): Served[] {
  const recordOf = async (jobId: string) => toJobRecord(await getJob(kernel, jobId));
  return [
    serve(operations.defineJob, async ({ jobId, expectedVersion, ...definition }, { principal }) => {
      requireSessions(principal, [definition.session], operations.defineJob);
      const options = { by: principal.id, timeZone, expectedVersion, known };
      const { change } = await defineJob(kernel, { id: jobId, ...definition }, options);
      return { job: await recordOf(jobId), change };
    }),

    serve(operations.applyJobs, async ({ jobs, partial, ...wanted }, { principal }) => {
      const sessions = jobs.map(({ session }) => session);
      requireSessions(principal, sessions, operations.applyJobs);
      const options = { ...wanted, by: principal.id, timeZone };
      // What is brought along from elsewhere names what may not be here yet.
      const { changes, refused } = partial
        ? await applyValidJobs(kernel, jobs, options)
        : { changes: await applyJobs(kernel, jobs, { ...options, known }), refused: [] };
      return { dryRun: wanted.dryRun, changes: changes.map(toChangeRecord), refused };
    }),

    serve(operations.rollBackJob, async ({ jobId, version, expectedVersion }, { principal }) => {
      // It brings back whose session it speaks in, too.
      const { definition } = await getJobVersion(kernel, jobId, version);
      requireSessions(principal, [definition.session], operations.rollBackJob);
      const options = { version, by: principal.id, expectedVersion };
      const { change } = await rollBackJob(kernel, jobId, options);
      return { job: await recordOf(jobId), change };
    }),

    serve(operations.removeJob, async ({ jobId }, { principal }) => {
      await removeJob(kernel, jobId, { by: principal.id });
      return { job: await recordOf(jobId) };
    }),
  ];
}

function serveRunning(kernel: Kernel): Served[] {
  const recordOf = async (jobId: string) => toJobRecord(await getJob(kernel, jobId));
  return [
    serve(operations.pauseJob, async ({ jobId, reason }, { principal }) => {
      await pauseJob(kernel, jobId, { by: principal.id, reason });
      return { job: await recordOf(jobId) };
    }),

    serve(operations.resumeJob, async ({ jobId }, { principal }) => {
      await resumeJob(kernel, jobId, { by: principal.id });
      return { job: await recordOf(jobId) };
    }),

    serve(operations.runJob, async ({ jobId, reason, ...given }, { principal, ...call }) => {
      const idempotencyKey = given.idempotencyKey ?? call.idempotencyKey;
      const { tick, isRepeated } = await runJobNow(kernel, jobId, {
        by: principal.id,
        idempotencyKey,
        reason,
        traceparent: call.traceparent,
      });
      return { tick: toTickRecord(tick), isRepeated };
    }),
  ];
}
