/**
 * Fires jobs on events. They are a group whose keys are the jobs: its cursor moves in the transaction that records the ticks, or gathers
 * the events, so an event fires a job once; the tick's key is the event's id, so it would even if the cursor were lost.
 */
import assert from "node:assert/strict";
import { RoostError } from "@roost/base";
import {
  consumeGroup,
  isPassing,
  ownFailurePolicy,
  retryDeadLetters,
  type Group,
  type Kernel,
  type KernelTransaction,
  type StoredEvent,
  type Subscriber,
  type WaitFilter,
  wantsEvent,
} from "@roost/kernel";
import { eventLoopDepth, loopDepthMax } from "./event-loop-depth.ts";
import { eventTick } from "./event-ticks.ts";
import { closeDue, eventJobGroupName, gatherEvents, readDueWork, type Gathered } from "./gather-events.ts";
import { jobColumns, lockJob, type StoredJob } from "./job-row.ts";
import { recordTicks, type NewTick } from "./record-ticks.ts";
import { setAsideJob, setAsideWithin } from "./set-aside-job.ts";

interface EventJob extends Subscriber {
  job: StoredJob;
}

export function createEventJobGroup({ logger }: Pick<Kernel, "logger">): Group<EventJob> {
  const exclude = async (tx: KernelTransaction, jobId: string, error: unknown) => {
    const found = await lockJob(tx, jobId);
    if (found !== undefined) await setAsideWithin(tx, found.job, { nowMs: found.nowMs, error });
    tx.afterCommit(() => logger.error("a job was set aside: its tick could not be recorded", { jobId, error }));
  };
  return {
    name: eventJobGroupName,
    onFailure: ownFailurePolicy,
    async subscribers(tx, topic) {
      const jobs = await tx.query<StoredJob>(
        `select ${jobColumns} from roost.job where state = 'active' and topic = $1 order by id`,
        [topic],
      );
      const readable: EventJob[] = [];
      for (const job of jobs) {
        try {
          readable.push(toSubscriber(job));
        } catch (error) {
          // A row that does not even say which events it wants.
          await exclude(tx, job.id, error);
        }
      }
      return readable;
    },
    async lock(tx, jobIds) {
      const jobs = await tx.query<StoredJob>(
        `select ${jobColumns} from roost.job where id = any($1) and state = 'active' order by id for update`,
        [jobIds],
      );
      return jobs.map(toSubscriber);
    },
    deliver: fireJobs,
    exclude,
  };
}

/** @throws RoostError for a row that does not say which events it wants, and from where on */
function toSubscriber(job: StoredJob): EventJob {
  const { trigger, fromOffsets } = job;
  // With another trigger it does not want events any more.
  if (trigger !== null && trigger.kind !== "event") return { key: job.id, job, eventType: null };
  assert(typeof trigger?.eventType === "string", "its trigger names no event");
  if (!Object.values(fromOffsets ?? {}).every((offset) => Number.isSafeInteger(offset)))
    throw new RoostError("internal", `the job "${job.id}" has no offset from which on its events count`);
  const filter = (trigger.filter ?? {}) as WaitFilter;
  return { key: job.id, job, eventType: trigger.eventType, filter, fromOffsets: fromOffsets ?? {} };
}

async function fireJobs(tx: KernelTransaction, subscribers: EventJob[], events: StoredEvent[]): Promise<number> {
  const [row] = await tx.query<{ now: Date }>("select roost.now() as now");
  const nowMs = row!.now.getTime();
  const ticks: NewTick[] = [];
  const gathered: Gathered[] = [];
  for (const event of events) {
    for (const subscriber of subscribers) {
      if (!wantsEvent(subscriber, event)) continue;
      const { job } = subscriber;
      const depth = await eventLoopDepth(tx, job.id, event);
      const window = job.trigger.kind === "event" && depth < loopDepthMax ? job.trigger.window : undefined;
      if (window === undefined) ticks.push(eventTick(job, event, { depth, nowMs }));
      else gathered.push({ job, window, event, depth });
    }
  }
  if (gathered.length > 0) await gatherEvents(tx, gathered);
  return ticks.length === 0 ? 0 : (await recordTicks(tx, ticks, nowMs)).length;
}

/** The topics in whose events a job is interested, by name. */
export async function readEventTopics(kernel: Kernel): Promise<string[]> {
  const rows = await kernel.database.query<{ topic: string }>(
    "select distinct topic from roost.job where state = 'active' and topic is not null order by 1",
    [],
    { name: "jobs-event-topics" },
  );
  return rows.map((row) => row.topic);
}

/** Reads events for waiting jobs. Any number of schedulers may call it. Returns how many ticks were recorded. */
export async function fireEventTicks(
  kernel: Kernel,
  given?: readonly string[],
): Promise<{ recorded: number; isMore: boolean }> {
  const topics = given ?? (await readEventTopics(kernel));
  if (topics.length === 0) return { recorded: 0, isMore: false };
  const group = createEventJobGroup(kernel);
  const { count, isMore } = await consumeGroup(kernel, group, { topics });
  const due = await readDueWork(kernel);
  const closed = await closeDueWindows(kernel, due.windows);
  const redelivered = await retryDeadLetters(kernel, group, due.retries);
  return { recorded: count + closed + redelivered, isMore: isMore || closed + redelivered > 0 };
}

/** Invariant: a job whose windows cannot be closed is set aside, and those of all others are closed in the same pass. */
async function closeDueWindows(kernel: Kernel, jobIds: readonly string[]): Promise<number> {
  let recorded = 0;
  for (const jobId of jobIds) {
    try {
      recorded += await kernel.transact((tx) => closeDue(tx, jobId));
    } catch (error) {
      if (isPassing(error)) throw error;
      await setAsideJob(kernel, jobId, error);
    }
  }
  return recorded;
}
