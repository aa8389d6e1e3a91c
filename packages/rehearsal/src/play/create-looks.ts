/**
 * The scheduler's loops of a rehearsal, each looked at only when something may be due for it. Where one process is alone, no wake-up is lost, so
 * nothing is polled for: a day of two thousand moments is a tenth of the statements.
 */
import { RoostError } from "@roost/base";
import type { Kernel, SchedulerLoop } from "@roost/kernel";

/** Beyond so many calls at one moment something is wrong. */
const looksMax = 10_000;
/** Claims and ends of runs change when this loop is due, and it is not woken by them: other schedulers find that by polling. */
const dueRuns = "due runs";

export interface Looks extends Disposable {
  /** Looks at each loop for which something may be due, once. False: there was none. */
  look(): Promise<boolean>;
  /** When the next loop is due. */
  readonly dueMs: number;
  runBegan(): void;
  runEnded(): void;
}

interface Entry {
  loop: SchedulerLoop;
  atMs: number;
  isWoken: boolean;
  channels: readonly string[];
  subscriptions: Disposable[];
}

export function createLooks(kernel: Kernel, loops: readonly SchedulerLoop[], nowMs: () => number): Looks {
  const entries = loops.map((loop): Entry => ({
    loop,
    atMs: Infinity,
    isWoken: true,
    channels: [],
    subscriptions: [],
  }));
  return {
    async look() {
      let hasLooked = false;
      for (const entry of entries) {
        if (!entry.isWoken && entry.atMs > nowMs()) continue;
        hasLooked = true;
        subscribe(kernel, entry);
        entry.isWoken = false;
        entry.atMs = await lookUntilQuiet(entry.loop);
        // It checks again for what arrived between its channels and its look.
        if (subscribe(kernel, entry)) entry.isWoken = true;
        // What is due and was not done would not be done by looking again at the same moment.
        if (entry.atMs <= nowMs()) entry.atMs = nowMs() + 1;
      }
      return hasLooked;
    },
    get dueMs() {
      return Math.min(Infinity, ...entries.map(({ atMs }) => atMs));
    },
    runBegan() {
      for (const entry of entries) if (entry.loop.name === dueRuns) entry.isWoken = true;
    },
    runEnded() {
      for (const entry of entries) if (entry.loop.name === dueRuns || entry.channels.length === 0) entry.isWoken = true;
    },
    [Symbol.dispose]() {
      for (const { subscriptions } of entries) for (const one of subscriptions) one[Symbol.dispose]();
    },
  };
}

/** To the channels that the loop names now. False: they are the same as before. */
function subscribe(kernel: Kernel, entry: Entry): boolean {
  const channels = entry.loop.channels();
  if (channels.join(" ") === entry.channels.join(" ")) return false;
  for (const one of entry.subscriptions) one[Symbol.dispose]();
  entry.channels = channels;
  entry.subscriptions = channels.map((channel) => kernel.wakeups.subscribe(channel, () => (entry.isWoken = true)));
  return true;
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
