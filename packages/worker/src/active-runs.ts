// The runs that this worker is executing: starts, aborts, counts and awaits them. run-worker.ts claims and stops them.

import { sleepUntilAborted, type Logger } from "@roost/base";
import type { Claimer, ClaimedRun, ClaimTerms, Kernel, Owned } from "@roost/kernel";
import { executeRun, type RunHandlers } from "./execute-run.ts";

export interface ActiveRuns {
  readonly size: number;
  /** Aborted when the end of a run could not be recorded: only leaving gives such a run back. */
  readonly stuck: AbortSignal;
  start(run: ClaimedRun): void;
  /** Does nothing for an unknown run. */
  abort(runId: string, reason: Error): void;
  abortAll(reason: Error): void;
  owned(): Owned[];
  /** Resolves when one of the runs has ended, or on abort. */
  roomMade(options: { signal: AbortSignal }): Promise<void>;
  /** Resolves when all have ended, when the time is over, or on abort. */
  settled(options?: { withinMs?: number; signal?: AbortSignal }): Promise<void>;
}

export interface ActiveRunsOptions {
  kernel: Kernel;
  handlers: RunHandlers;
  logger: Logger;
  abandonMsMax?: number;
  /** What is taken along with the end of a run, until the worker leaves. */
  claim?: { terms: ClaimTerms; leaving: AbortSignal };
}

interface Active {
  owned: Owned;
  controller: AbortController;
  ended: Promise<void>;
}

/** An aborted run that does not end is abandoned after this long: its fence refuses its writes. */
const abandonMsDefault = 10_000;

export function createActiveRuns(options: ActiveRunsOptions): ActiveRuns {
  const runs = new Map<string, Active>();
  const stuck = new AbortController();
  const abandonMs = options.abandonMsMax ?? abandonMsDefault;
  const { claim } = options;
  /** As many as have ended: room for more is for the worker to fill. */
  const claimer: Claimer | undefined = claim && {
    terms: claim.terms,
    roomAfter: (endedCount) => (claim.leaving.aborted || stuck.signal.aborted ? 0 : endedCount),
    take: (taken) => taken.forEach(start),
  };

  async function execute(run: ClaimedRun, signal: AbortSignal): Promise<void> {
    const ended = new AbortController();
    const executed = executeRun({ ...options, claimer }, run, signal).then((isRecorded) => {
      ended.abort();
      if (!isRecorded && !signal.aborted) stuck.abort(new Error(`The end of run ${run.id} could not be recorded`));
    });
    const abandoned = aborted(signal).then(async () => {
      const isStillRunning = await sleepUntilAborted(abandonMs, { signal: ended.signal });
      if (isStillRunning) options.logger.error("A run ignores its abort and is abandoned", { runId: run.id });
    });
    await Promise.race([executed, abandoned]);
  }

  function start(run: ClaimedRun): void {
    const controller = new AbortController();
    const active: Active = { owned: { runId: run.id, epoch: run.epoch }, controller, ended: Promise.resolve() };
    runs.set(run.id, active);
    active.ended = execute(run, controller.signal).finally(() => {
      // The same run may have come back at a higher epoch.
      if (runs.get(run.id) === active) runs.delete(run.id);
    });
  }

  const all = () => [...runs.values()];
  return {
    get size() {
      return runs.size;
    },
    stuck: stuck.signal,
    start,
    abort: (runId, reason) => runs.get(runId)?.controller.abort(reason),
    abortAll: (reason) => all().forEach((run) => run.controller.abort(reason)),
    owned: () => all().map((run) => run.owned),
    async roomMade({ signal }) {
      const made = new AbortController();
      await Promise.race([aborted(signal, made.signal), ...all().map((run) => run.ended)]);
      made.abort();
    },
    async settled({ withinMs, signal } = {}) {
      const over = new AbortController();
      const ended = Promise.all(all().map((run) => run.ended)).then(() => over.abort());
      if (withinMs === undefined) return ended;
      const until = signal === undefined ? over.signal : AbortSignal.any([over.signal, signal]);
      await sleepUntilAborted(withinMs, { signal: until });
    },
  };
}

/** Resolves when the signal is aborted; stops listening when nothing waits any more. */
function aborted(signal: AbortSignal, unheard?: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    signal.addEventListener("abort", () => resolve(), { once: true, ...(unheard && { signal: unheard }) });
  });
}
