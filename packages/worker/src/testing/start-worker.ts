/** A worker in this process for tests: its handler reports arriving runs, and each waits until the test lets it continue. */
import { silentLogger } from "@roost/base";
import { createRun, finishRun, type ClaimedRun, type Kernel, type NewRun } from "@roost/kernel";
import type { RunHandler } from "../execute-run.ts";
import { runWorker, type WorkerOptions } from "../run-worker.ts";

export interface Arrival {
  run: ClaimedRun;
  signal: AbortSignal;
  /** What the handler does next; default: end the run as done. */
  go(what?: () => Promise<void>): void;
}

export interface TestWorkerProcess extends AsyncDisposable {
  /** Resolves with the n-th run, from 1, passed to the handler. */
  arrived(place: number): Promise<Arrival>;
  readonly arrivedCount: number;
  /** Maximum concurrent runs in the handler. */
  readonly mostAtOnce: number;
  /** Ids of its registrations so far. */
  workerIds: string[];
  /** Resolves at this number of registrations. */
  registered(times: number): Promise<string>;
  stop(): Promise<void>;
}

/** Default handler: ends the run as done when the test says `go`, and heeds its signal. */
export function startTestWorker(kernel: Kernel, options: Partial<WorkerOptions> = {}): TestWorkerProcess {
  const arrivals = createPlaces<Arrival>();
  const registrations = createPlaces<string>();
  const stop = new AbortController();
  let atOnce = 0;
  let mostAtOnce = 0;
  const agent: RunHandler = async (run, { signal }) => {
    const gate = Promise.withResolvers<(() => Promise<void>) | undefined>();
    signal.addEventListener("abort", () => gate.reject(signal.reason), { once: true });
    atOnce += 1;
    mostAtOnce = Math.max(mostAtOnce, atOnce);
    try {
      arrivals.add({ run, signal, go: (what) => gate.resolve(what) });
      const what = await gate.promise;
      if (what === undefined)
        await finishRun(kernel, { runId: run.id, epoch: run.epoch }, { state: "done", output: "ended" });
      else await what();
    } finally {
      atOnce -= 1;
    }
  };
  const ended = runWorker({
    kernel,
    handlers: { agent },
    logger: silentLogger,
    pid: process.pid,
    graceMsMax: 0,
    ...options,
    signal: stop.signal,
    onReady: (workerId) => registrations.add(workerId),
  });
  const stopWorker = async () => {
    stop.abort(new Error("SIGTERM"));
    await ended;
  };
  return {
    arrived: (place) => arrivals.get(place),
    registered: (times) => registrations.get(times),
    workerIds: registrations.all,
    get arrivedCount() {
      return arrivals.all.length;
    },
    get mostAtOnce() {
      return mostAtOnce;
    },
    stop: stopWorker,
    [Symbol.asyncDispose]: stopWorker,
  };
}

/** Values in order of arrival, each of which can be awaited before it arrives. */
function createPlaces<T>() {
  const all: T[] = [];
  const waiting = new Map<number, PromiseWithResolvers<T>[]>();
  return {
    all,
    add(value: T) {
      all.push(value);
      for (const waiter of waiting.get(all.length) ?? []) waiter.resolve(value);
    },
    get(place: number): Promise<T> {
      const known = all[place - 1];
      if (known !== undefined) return Promise.resolve(known);
      const waiter = Promise.withResolvers<T>();
      waiting.set(place, [...(waiting.get(place) ?? []), waiter]);
      return waiter.promise;
    },
  };
}

export async function startRun(kernel: Kernel, run: Partial<NewRun> = {}): Promise<string> {
  const created = await kernel.transact((tx) => createRun(tx, { reason: "a test", input: {}, ...run }));
  return created.runId;
}

/** Kills the connections that prove workers alive, as the death of their processes would; resolves when they are gone. */
export async function killWorkerConnections({ database }: Kernel): Promise<number> {
  const killed = await database.query(
    `select pg_terminate_backend(pid, 10000) from pg_locks where locktype = 'advisory' and granted and pid <> pg_backend_pid()
       and database = (select oid from pg_database where datname = current_database())`,
  );
  return killed.length;
}
