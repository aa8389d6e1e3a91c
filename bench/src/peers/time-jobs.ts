/** How every program of the comparison is timed: the same clock, the same beginning, the same end. */
import { statistics } from "../statistics.ts";
import type { WorkloadResult } from "./peer.ts";

const lookAgainMs = 2;
const waitMsMax = 60_000;

export interface JobsToTime {
  count: number;
  /** Starts the worker; `handled` is called in each job. Resolves with what stops it. */
  start: (handled: () => void) => Promise<() => Promise<unknown>>;
  /** Whether the database says that every job is over. */
  isOver: () => Promise<boolean>;
}

/** From the first job's code to the last job's recorded end. What was fetched before the first job's code ran is not counted. */
export async function timeJobs({ count, start, isOver }: JobsToTime): Promise<WorkloadResult> {
  let firstMs = 0;
  let seen = 0;
  let allSeen: () => void;
  const all = new Promise<void>((resolve) => (allSeen = resolve));
  const stop = await start(() => {
    if (seen === 0) firstMs = performance.now();
    seen += 1;
    if (seen === count) allSeen();
  });
  try {
    const deadline = timeLimit(() => `only ${seen} of ${count} jobs ran`);
    try {
      await Promise.race([all, deadline.passed]);
      await Promise.race([untilTrue(isOver), deadline.passed]);
    } finally {
      deadline.clear();
    }
    return { perSecond: (count / (performance.now() - firstMs)) * 1000, seen };
  } finally {
    await stop();
  }
}

export interface CallsToTime {
  count: number;
  /** How many callers, each of which waits for its answer before it calls again. */
  concurrency: number;
  call: (n: number) => Promise<unknown>;
}

export async function timeCalls({ count, concurrency, call }: CallsToTime): Promise<WorkloadResult> {
  const latencies: number[] = [];
  let next = 0;
  const startMs = performance.now();
  await Promise.all(
    Array.from({ length: concurrency }, async () => {
      while (next < count) {
        const n = next;
        next += 1;
        const callMs = performance.now();
        await call(n);
        latencies.push(performance.now() - callMs);
      }
    }),
  );
  const seconds = (performance.now() - startMs) / 1000;
  const { p50, p99 } = statistics(latencies);
  return { perSecond: count / seconds, p50Ms: p50, p99Ms: p99 };
}

export async function untilTrue(look: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await look())) await new Promise((resolve) => setTimeout(resolve, lookAgainMs));
}

function timeLimit(describe: () => string): { passed: Promise<never>; clear: () => void } {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`${describe()} within ${waitMsMax / 1000} s`)), waitMsMax);
  promise.catch(() => undefined);
  return { passed: promise, clear: () => clearTimeout(timer) };
}

/** Runs `work` for 0 … count - 1, `width` at a time. */
export async function inParallel(count: number, width: number, work: (n: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  await Promise.all(
    Array.from({ length: Math.min(width, count) }, async () => {
      while (next < count) await work(next++);
    }),
  );
}
