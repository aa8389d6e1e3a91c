/** A scheduler's loops for jobs, for runScheduler. Stateless apart from the database. */
import { groupsChannel, type Kernel, type SchedulerLoop } from "@roost/kernel";
import { dropTicks } from "./drop-ticks.ts";
import { fireDueTicks, jobsPerPassDefault, jobsPerPassMax, readNextFire } from "./fire-due-ticks.ts";
import { fireEventTicks, readEventTopics } from "./fire-event-ticks.ts";
import { readNextWindow } from "./gather-events.ts";
import { reportFailingJobs, reportStalledJobs } from "./report-failing-jobs.ts";
import { createScheduleCache } from "./schedule-cache.ts";

/** How often each loop checks without a wake-up. */
const timings = {
  tickPollMs: 10_000,
  eventPollMs: 10_000,
  failurePollMs: 10_000,
  stalledPollMs: 60_000,
  housekeepingMs: 60_000,
} as const;

export function createJobLoops(kernel: Kernel): SchedulerLoop[] {
  return [
    tickLoop(kernel),
    eventLoop(kernel),
    failureLoop(kernel),
    {
      name: "tick history",
      upkeep: "rows",
      channels: () => [],
      pollMs: timings.housekeepingMs,
      look: async () => ({ isMore: (await dropTicks(kernel)).isMore }),
    },
  ];
}

/** One process of a home is enough for it. */
export function createStalledJobLoop(kernel: Kernel): SchedulerLoop {
  return {
    name: "stalled jobs",
    channels: () => [],
    pollMs: timings.stalledPollMs,
    look: lookBack(kernel, reportStalledJobs),
  };
}

function failureLoop(kernel: Kernel): SchedulerLoop {
  return {
    name: "failing jobs",
    channels: () => [],
    pollMs: timings.failurePollMs,
    look: lookBack(kernel, reportFailingJobs),
  };
}

/** To the last look that found nothing more, however long ago: looks fail while the database is away, and a laptop sleeps. */
function lookBack(kernel: Kernel, report: typeof reportFailingJobs): SchedulerLoop["look"] {
  let checkedMs: number | undefined;
  return async () => {
    const nowMs = kernel.clock.nowMs();
    const isMore = (await report(kernel, { checkedMs })) > 0;
    if (!isMore) checkedMs = nowMs;
    return { isMore };
  };
}

function tickLoop(kernel: Kernel): SchedulerLoop {
  const schedules = createScheduleCache();
  let isMore = false;
  return {
    name: "ticks",
    channels: () => ["jobs"],
    pollMs: timings.tickPollMs,
    look: async () => {
      // A short first pass, so that workers have something to do while the many are recorded.
      const limit = isMore ? jobsPerPassMax : jobsPerPassDefault;
      if (!isMore) {
        // One cheap statement while nothing is due.
        const next = await readNextFire(kernel);
        if (next === undefined || !next.isDue) return { atMs: next?.fireAt.getTime() };
      }
      isMore = false;
      isMore = (await fireDueTicks(kernel, { schedules, limit })).isMore;
      return { isMore: true };
    },
  };
}

function eventLoop(kernel: Kernel): SchedulerLoop {
  let topics: string[] = [];
  return {
    name: "events",
    channels: () => ["jobs", groupsChannel, ...topics.map((topic) => `log:${topic}`)],
    pollMs: timings.eventPollMs,
    look: async () => {
      topics = await readEventTopics(kernel);
      if (topics.length === 0) return {};
      const { isMore } = await fireEventTicks(kernel, topics);
      return { isMore, atMs: (await readNextWindow(kernel))?.getTime() };
    },
  };
}
