/**
 * Plays simulated time: the kernel's scheduler loops run at each moment when something is due, and the worker's handler executes what became ready.
 * One thing happens at a time while time stands still, so that the same home gives the same day.
 */
import { RoostError, toRoostError, type Logger } from "@roost/base";
import { createJobLoops } from "@roost/jobs";
import {
  claimRuns,
  listNeeds,
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
import { createLooks, type Looks } from "./create-looks.ts";

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

/** Upkeep does not affect a day, and no worker dies in it: that loop would run four times a second. */
const isPlayed = ({ name, upkeep }: SchedulerLoop) => upkeep === undefined && name !== "workers";
/** Limit of passes over all loops at one moment: beyond it something is wrong. */
const passesMax = 10_000;
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
  const loops = [...createLoops(kernel), ...createJobLoops(kernel)].filter(isPlayed);
  using looks = createLooks(kernel, loops, () => clock.nowMs);
  const stage = createStage(options, { worker, looks });
  let momentCount = 0;
  try {
    for (;;) {
      signal.throwIfAborted();
      await settle(looks, stage);
      momentCount += 1;
      options.onMoment(clock.nowMs, stage.runCount);
      const nextMs = Math.min(looks.dueMs, options.agenda.nextMs ?? Infinity);
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

/** Runs loops until nothing is left at this moment. */
async function settle(looks: Looks, stage: Stage): Promise<void> {
  for (let pass = 0; pass < passesMax; pass += 1) {
    const hasLooked = await looks.look();
    const hasStarted = await stage.startNext();
    if (!hasStarted && !(await stage.obey()) && !hasLooked) return;
  }
  throw new RoostError(
    "limit_exceeded",
    `a moment was not settled after ${passesMax} passes: jobs that start each other endlessly do that`,
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

const queue = "default";

/** Every host of the home takes part in the rehearsal: whatever a run needs is offered. Asked for again only where nothing could be claimed. */
function createClaim(kernel: Kernel, workerId: string): () => Promise<ClaimedRun | undefined> {
  let capabilities: string[] = [];
  const claim = async () => {
    const [run] = await claimRuns(kernel, { workerId, queues: [queue], capabilities, limit: 1 });
    return run;
  };
  return async () => {
    const run = await claim();
    if (run !== undefined) return run;
    const needs = await listNeeds(kernel.database);
    if (needs.every((need) => capabilities.includes(need))) return undefined;
    capabilities = [...new Set([...capabilities, ...needs])];
    return claim();
  };
}

function createStage(
  { kernel, clock, agenda, places, handler, logger }: PlayHours,
  { worker, looks }: { worker: WorkerRegistration; looks: Looks },
): Stage {
  const going = new Map<string, Going>();
  const claimNext = createClaim(kernel, worker.workerId);
  const ready = createFlag(kernel, `runs:${queue}`);
  const cancelled = createFlag(kernel, "cancel");
  let runCount = 0;
  const untilItWaits = (one: Going) => Promise.race([agenda.parked(one.run.id), one.ended]);
  const start = async (run: ClaimedRun) => {
    const controller = new AbortController();
    const executed = executeRun({ kernel, handlers: { agent: handler }, logger }, run, controller.signal);
    const free = () => {
      going.delete(run.id);
      looks.runEnded();
    };
    const one: Going = { run, controller, ended: executed.finally(free) };
    going.set(run.id, one);
    runCount += 1;
    looks.runBegan();
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
      if (!ready.isSet || going.size >= places) return false;
      ready.isSet = false;
      const run = await claimNext();
      // There may be more.
      ready.isSet ||= run !== undefined;
      if (run !== undefined) await start(run);
      return run !== undefined;
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
      if (going.size === 0 || !cancelled.isSet) return false;
      cancelled.isSet = false;
      const beat = await worker.heartbeat({ running: [...going.values()].map(({ run }) => ownedOf(run)) });
      let isObeyed = false;
      for (const runId of beat.cancelled) isObeyed = (await abort(runId, new RunCancelled())) || isObeyed;
      for (const runId of beat.lostRuns)
        isObeyed = (await abort(runId, new Error("The run was taken away"))) || isObeyed;
      return isObeyed;
    },
    async leave() {
      ready[Symbol.dispose]();
      cancelled[Symbol.dispose]();
      for (const { run } of going.values())
        await abort(run.id, new Error("The rehearsal is over")).catch((error: unknown) =>
          logger.debug("a run did not leave", { error: toRoostError(error).message }),
        );
    },
  };
}

function ownedOf({ id, epoch }: ClaimedRun): { runId: string; epoch: number } {
  return { runId: id, epoch };
}

/** Set at first, and by each wake-up of the channel. */
function createFlag(kernel: Kernel, channel: string): Disposable & { isSet: boolean } {
  const subscription = kernel.wakeups.subscribe(channel, () => (flag.isSet = true));
  const flag = { isSet: true, [Symbol.dispose]: () => subscription[Symbol.dispose]() };
  return flag;
}
