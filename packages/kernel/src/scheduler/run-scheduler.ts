/**
 * The scheduler of one process: loops that check the database's state and do what is due. It has no state of its own, so it can die at any moment,
 * and any number of schedulers work side by side without a leader.
 */
import { expireOnce } from "../coordination/begin-once.ts";
import { expireLocks } from "../coordination/release-lock.ts";
import { readNextExpiry, sweepCoordination } from "../coordination/sweep-coordination.ts";
import { settleExpiredBlocks } from "../budgets/create-spend-blocks.ts";
import { sweepSpend } from "../budgets/set-budgets.ts";
import { allSteps } from "../each-alone.ts";
import { groupsChannel } from "../groups/group.ts";
import { tellFailures } from "../groups/tell-failures.ts";
import { maintainLog } from "../log/segments.ts";
import type { Kernel } from "../open-kernel.ts";
import { releaseDueRates, fillFreeSlots, sweepStartLimits } from "../runs/start-limits.ts";
import { deliverEventWaits } from "../runs/event-waits.ts";
import { failOverdueRuns } from "../runs/fail-overdue-runs.ts";
import { promoteDueRuns, readNextDue } from "../runs/promote-due-runs.ts";
import { promoteFreeSerialKeys } from "../runs/promote-serial-keys.ts";
import { wakeReadyQueues } from "../runs/queues.ts";
import { dropHistory, sweepFinishedRuns, sweepSerialKeys } from "../runs/sweep-finished-runs.ts";
import { lookAfterWorkers } from "../workers/reap-workers.ts";
import { keepRegistered } from "./keep-registered.ts";
import { runLoop, type SchedulerLoop } from "./run-loop.ts";

/**
 * How often each loop checks without a wake-up or a known due time: after a lost wake-up, waiting work is found within this time. Together with the
 * loops of jobs they send less than one statement a second when idle.
 */
const timings = {
  duePollMs: 10_000,
  eventPollMs: 10_000,
  /** A worker's death is noticed within this time while something is running. */
  reapMs: 250,
  /** And within this time otherwise: then there is nothing to take over. */
  idleReapMs: 5_000,
  leasePollMs: 10_000,
  serialKeyPollMs: 10_000,
  failuresPollMs: 30_000,
  housekeepingMs: 60_000,
} as const;

export interface SchedulerOptions {
  signal: AbortSignal;
  host: string;
  pid: number;
  /** Whether it runs the loops that make and drop tables, which takes the home's own user. Default true. */
  keepsTables?: boolean;
  /** Further loops beside the kernel's own, such as those of jobs. */
  loops?: readonly SchedulerLoop[];
}

/** Runs until aborted; resolves when everything has stopped. */
export async function runScheduler(kernel: Kernel, options: SchedulerOptions): Promise<void> {
  const { signal, keepsTables = true } = options;
  const loops = [...createLoops(kernel), ...(options.loops ?? [])]
    .filter((loop) => keepsTables || loop.upkeep !== "tables")
    .map((loop) => runLoop(kernel, loop, signal));
  await Promise.all([...loops, keepRegistered(kernel, options)]);
}

/** The kernel's own loops, without their timers. */
export function createLoops(kernel: Kernel): SchedulerLoop[] {
  return [
    eventWaitLoop(kernel),
    {
      name: "due runs",
      channels: () => ["due", "cancel"],
      pollMs: timings.duePollMs,
      look: async () => {
        const next = await readNextDue(kernel);
        if (next.isReadyLeft) await wakeReadyQueues(kernel);
        if (!next.isDue) return { atMs: next.at?.getTime() };
        let moved = 0;
        await allSteps([
          async () => (moved += await promoteDueRuns(kernel)),
          async () => (moved += await releaseDueRates(kernel)),
          async () => (moved += await failOverdueRuns(kernel)),
        ]);
        return { isMore: moved > 0, atMs: (await readNextDue(kernel)).at?.getTime() };
      },
    },
    workerLoop(kernel),
    {
      name: "leases",
      channels: () => ["leases"],
      pollMs: timings.leasePollMs,
      look: async () => {
        const next = await readNextExpiry(kernel);
        if (!next.isDue) return { atMs: next.at?.getTime() };
        return { isMore: (await expireLocks(kernel)) + (await expireOnce(kernel)) > 0 };
      },
    },
    {
      name: "serial keys",
      channels: () => [],
      pollMs: timings.serialKeyPollMs,
      look: async () => {
        await promoteFreeSerialKeys(kernel);
        return { isMore: (await fillFreeSlots(kernel)) > 0 };
      },
    },
    {
      name: "failures of groups",
      channels: () => ["failures"],
      pollMs: timings.failuresPollMs,
      look: async () => {
        const { waitMs } = await tellFailures(kernel);
        return { atMs: waitMs === undefined ? undefined : kernel.clock.nowMs() + waitMs };
      },
    },
    ...upkeepLoops(kernel),
  ];
}

function upkeepLoops(kernel: Kernel): SchedulerLoop[] {
  return [
    {
      name: "housekeeping",
      upkeep: "rows",
      channels: () => [],
      pollMs: timings.housekeepingMs,
      look: async () => {
        let swept = 0;
        await allSteps([
          async () => (swept += await sweepCoordination(kernel)),
          () => sweepSerialKeys(kernel),
          () => sweepStartLimits(kernel),
          () => settleExpiredBlocks(kernel).then(() => sweepSpend(kernel)),
          () => kernel.database.query("select roost.forget_foreign_events_1()"),
        ]);
        return { isMore: swept > 0 };
      },
    },
    {
      name: "tables",
      upkeep: "tables",
      channels: () => [],
      pollMs: timings.housekeepingMs,
      look: async () => {
        let swept = 0;
        await allSteps([
          async () => (swept += await sweepFinishedRuns(kernel)),
          () => maintainLog(kernel),
          () => dropHistory(kernel),
        ]);
        return { isMore: swept > 0 };
      },
    },
  ];
}

/** Claims wake it, so that it checks often as soon as something is running. */
function workerLoop(kernel: Kernel): SchedulerLoop {
  let nextMs = 0;
  return {
    name: "workers",
    channels: () => ["workers", "claims"],
    pollMs: timings.idleReapMs,
    look: async () => {
      const nowMs = kernel.clock.nowMs();
      // Many claims in a short time need one check.
      if (nowMs < nextMs && nextMs - nowMs <= timings.reapMs) return { atMs: nextMs };
      const { reapedCount, isBusy } = await lookAfterWorkers(kernel);
      nextMs = kernel.clock.nowMs() + timings.reapMs;
      return { isMore: reapedCount > 0, atMs: isBusy ? nextMs : undefined };
    },
  };
}

function eventWaitLoop(kernel: Kernel): SchedulerLoop {
  let topics: string[] = [];
  return {
    name: "event waits",
    channels: () => ["waits", groupsChannel, ...topics.map((topic) => `log:${topic}`)],
    pollMs: timings.eventPollMs,
    look: async () => {
      topics = await readAwaitedTopics(kernel);
      if (topics.length > 0) await deliverEventWaits(kernel);
      return {};
    },
  };
}

/** The topics with events that a run waits for, by name. */
async function readAwaitedTopics(kernel: Kernel): Promise<string[]> {
  const rows = await kernel.database.query<{ topic: string }>(
    `select distinct topic from roost.wait where resolved_at is null and kind = 'event' and topic is not null order by 1`,
    [],
    { name: "scheduler-awaited-topics" },
  );
  return rows.map((row) => row.topic);
}
