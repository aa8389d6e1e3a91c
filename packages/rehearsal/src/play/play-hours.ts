/**
 * Plays simulated time: the kernel's scheduler loops run at each moment when something is due, and the worker's handler executes what became ready.
 * One thing happens at a time while time stands still, so that the same home gives the same day.
 */
import { RoostError, toRoostError, type Logger } from "@roost/base";
import { createJobLoops } from "@roost/jobs";
import {
  claimRuns,
  createLoops,
  registerWorker,
  type ClaimedRun,
  type Kernel,
  type SchedulerLoop,
  type WorkerRegistration,
} from "@roost/kernel";
import type { SimulatedClock } from "../time/install-simulated-clock.ts";
import { executeRun, RunCancelled, type RunHandler } from "@roost/worker";
import type { Agenda } from "./agenda.ts";

export interface PlayHours {
  kernel: Kernel;
  clock: SimulatedClock;
  agenda: Agenda;
  untilMs: number;
  /** Maximum concurrent runs. */
  places: number;
  /** Executes agent runs; waits in the agenda where time passes. */
  handler: RunHandler;
  logger: Logger;
  signal: AbortSignal;
  /** After each moment. */
  onMoment: (nowMs: number, runCount: number) => void;
}

/** Housekeeping does not affect a day, and no worker dies in it: that loop would run four times a second. */
const leftOut = new Set(["housekeeping", "tick history", "workers"]);
/** Limit of a loop's calls, and of passes over all loops, at one moment: beyond it something is wrong. */
const looksMax = 10_000;
/** A lease longer than any simulated time. */
const leaseMs = 400 * 24 * 3_600_000;

export async function playHours(options: PlayHours): Promise<{ runCount: number; momentCount: number }> {
  const { kernel, clock, untilMs, signal } = options;
  await using worker = await registerWorker(kernel, {
    kind: "worker",
    host: "rehearsal",
    pid: process.pid,
    ttlMs: leaseMs,
  });
  const loops = [...createLoops(kernel), ...createJobLoops(kernel)].filter(({ name }) => !leftOut.has(name));
  const stage = createStage(options, worker);
  let momentCount = 0;
  try {
    for (;;) {
      signal.throwIfAborted();
      const dueMs = await settle(loops, stage);
      momentCount += 1;
      options.onMoment(clock.nowMs, stage.runCount);
      const nextMs = Math.min(dueMs, options.agenda.nextMs ?? Infinity);
      if (nextMs >= untilMs) break;
      // What is due and was not done now would not be done by trying again at the same moment.
      await clock.set(Math.max(nextMs, clock.nowMs + 1));
      await stage.goOn();
    }
    await clock.set(untilMs);
    options.onMoment(untilMs, stage.runCount);
    return { runCount: stage.runCount, momentCount };
  } finally {
    await stage.leave();
  }
}

/** Runs loops until nothing is left at this moment. Returns when something is due next. */
async function settle(loops: SchedulerLoop[], stage: Stage): Promise<number> {
  for (let pass = 0; pass < looksMax; pass += 1) {
    let dueMs = Infinity;
    for (const loop of loops) dueMs = Math.min(dueMs, await lookUntilQuiet(loop));
    const isStill = !(await stage.startNext()) && !(await stage.obey());
    if (isStill) return dueMs;
  }
  throw new RoostError(
    "limit_exceeded",
    `a moment was not settled after ${looksMax} passes: jobs that start each other endlessly do that`,
  );
}

async function lookUntilQuiet(loop: SchedulerLoop): Promise<number> {
  for (let look = 0; look < looksMax; look += 1) {
    const { isMore, atMs } = await loop.look();
    if (isMore !== true) return atMs ?? Infinity;
  }
  throw new RoostError(
    "limit_exceeded",
    `the loop "${loop.name}" was not settled after ${looksMax} calls at one moment: jobs that start each other endlessly do that`,
  );
}

/** The active runs at this moment. */
interface Stage {
  readonly runCount: number;
  /** Claims one run, if there is capacity, and executes it until it waits. False: there was none. */
  startNext(): Promise<boolean>;
  /** Continues the runs that are due, one after the other. */
  goOn(): Promise<void>;
  /** Ends runs that were cancelled or taken away. False: there were none. */
  obey(): Promise<boolean>;
  leave(): Promise<void>;
}

interface Going {
  run: ClaimedRun;
  controller: AbortController;
  ended: Promise<unknown>;
}

function createStage({ kernel, clock, agenda, places, handler, logger }: PlayHours, worker: WorkerRegistration): Stage {
  const going = new Map<string, Going>();
  let runCount = 0;
  const untilItWaits = (one: Going) => Promise.race([agenda.parked(one.run.id), one.ended]);
  const start = async (run: ClaimedRun) => {
    const controller = new AbortController();
    const executed = executeRun({ kernel, handlers: { agent: handler }, logger }, run, controller.signal);
    const one: Going = { run, controller, ended: executed.finally(() => going.delete(run.id)) };
    going.set(run.id, one);
    runCount += 1;
    await untilItWaits(one);
  };
  const abort = async (runId: string, reason: Error): Promise<boolean> => {
    const one = going.get(runId);
    if (one === undefined || one.controller.signal.aborted) return false;
    one.controller.abort(reason);
    await one.ended;
    return true;
  };
  return {
    get runCount() {
      return runCount;
    },
    async startNext() {
      if (going.size >= places) return false;
      const [run] = await claimRuns(kernel, { workerId: worker.workerId, queues: ["default"], limit: 1 });
      if (run === undefined) return false;
      await start(run);
      return true;
    },
    async goOn() {
      for (;;) {
        const runId = agenda.takeDue(clock.nowMs);
        if (runId === undefined) return;
        const one = going.get(runId);
        if (one !== undefined) await untilItWaits(one);
      }
    },
    async obey() {
      const running = [...going.values()].map(({ run }) => ({ runId: run.id, epoch: run.epoch }));
      if (running.length === 0) return false;
      const beat = await worker.heartbeat({ running });
      let isObeyed = false;
      for (const runId of beat.cancelled) isObeyed = (await abort(runId, new RunCancelled())) || isObeyed;
      for (const runId of beat.lostRuns)
        isObeyed = (await abort(runId, new Error("The run was taken away"))) || isObeyed;
      return isObeyed;
    },
    async leave() {
      for (const { run } of going.values())
        await abort(run.id, new Error("The rehearsal is over")).catch((error: unknown) =>
          logger.debug("a run did not leave", { error: toRoostError(error).message }),
        );
    },
  };
}
