/** The rehearsals of this gateway: one at a time; results are kept for a while, in memory. */
import { RoostError, toRoostError, type Clock, type Logger } from "@roost/base";
import type { Rehearsal, RehearsalReport } from "@roost/contract/operations";

export interface NewRehearsal {
  hours: number;
  fromMs: number | undefined;
  jobs: readonly unknown[] | undefined;
}

export interface Rehearsals {
  /** @throws RoostError `conflict` while another is running, `invalid_input` for a moment in the past */
  start(asked: NewRehearsal): Rehearsal;
  /** @throws RoostError `not_found` */
  get(id: string): { rehearsal: Rehearsal; report: RehearsalReport | null };
  /** Yields the rehearsal now and after each progress, until its end. Left by its last watcher it is cancelled a little later. @throws RoostError `not_found` */
  watch(id: string, signal: AbortSignal): AsyncGenerator<Rehearsal>;
  /** Resolves when it has ended and its database is dropped. @throws RoostError `not_found` */
  cancel(id: string): Promise<Rehearsal>;
}

export interface Playing {
  signal: AbortSignal;
  onProgress: (progress: { playedUntilMs: number; runCount: number }) => void;
}

export interface RehearsalsOptions {
  play: (asked: NewRehearsal, call: Playing) => Promise<RehearsalReport>;
  /** Drops the databases of rehearsals that died. */
  cleanUp: () => Promise<unknown>;
  /** The database's clock, for the start of a rehearsal. */
  clock: Clock;
  createId: () => string;
  logger: Logger;
  /** Aborted when the gateway stops. */
  shutdown: AbortSignal;
  /** How long one that was watched goes on with nobody watching: a lost connection is back by then. Default: half a minute. */
  leftMsMax?: number;
}

/** A week of a busy home takes a few minutes. */
const playMsMax = 30 * 60_000;
const keptMsMax = 10 * 60_000;
const leftMsDefault = 30_000;
const keptMax = 4;

interface Kept {
  rehearsal: Rehearsal;
  report: RehearsalReport | null;
  endedMs: number | undefined;
  stop: AbortController;
  over: Promise<void>;
  watchers: Set<() => void>;
  /** Streams that follow it. */
  watcherCount: number;
  /** Runs while none of them does. */
  leaving: NodeJS.Timeout | undefined;
}

export function createRehearsals(options: RehearsalsOptions): Rehearsals {
  const { clock, createId, leftMsMax = leftMsDefault } = options;
  const kept = new Map<string, Kept>();
  const find = (id: string): Kept => {
    forgetOld(kept, clock.nowMs());
    const found = kept.get(id);
    if (found !== undefined) return found;
    throw new RoostError(
      "not_found",
      `there is no rehearsal "${id}": it is deleted ten minutes after its end; start another`,
    );
  };
  return {
    start(asked) {
      const playing = [...kept.values()].find(({ rehearsal }) => rehearsal.state === "playing");
      if (playing !== undefined) {
        throw new RoostError("conflict", `a rehearsal is running (${playing.rehearsal.id}): wait for it or cancel it`);
      }
      forgetOld(kept, clock.nowMs());
      const fromMs = asked.fromMs ?? clock.nowMs();
      const at = (ms: number) => new Date(ms).toISOString();
      const rehearsal: Rehearsal = {
        id: createId(),
        state: "playing",
        from: at(fromMs),
        until: at(fromMs + asked.hours * 3_600_000),
        playedUntil: at(fromMs),
        runCount: 0,
        error: null,
      };
      const one: Kept = {
        rehearsal,
        report: null,
        endedMs: undefined,
        stop: new AbortController(),
        over: Promise.resolve(),
        watchers: new Set(),
        watcherCount: 0,
        leaving: undefined,
      };
      kept.set(rehearsal.id, one);
      one.over = playOne(options, one, asked);
      return rehearsal;
    },
    get(id) {
      const { rehearsal, report } = find(id);
      return { rehearsal, report };
    },
    watch: (id, signal) => watchUntilLeft(find(id), { signal, leftMsMax }),
    async cancel(id) {
      const one = find(id);
      stop(one);
      await one.over;
      return one.rehearsal;
    },
  };
}

/** Never rejects. */
async function playOne(
  { play, cleanUp, clock, logger, shutdown }: RehearsalsOptions,
  one: Kept,
  asked: NewRehearsal,
): Promise<void> {
  const change = (part: Partial<Rehearsal>) => {
    one.rehearsal = { ...one.rehearsal, ...part };
    for (const tell of one.watchers) tell();
  };
  const late = AbortSignal.timeout(playMsMax);
  const signal = AbortSignal.any([one.stop.signal, shutdown, late]);
  const onProgress = ({ playedUntilMs, runCount }: { playedUntilMs: number; runCount: number }) =>
    change({ playedUntil: new Date(playedUntilMs).toISOString(), runCount });
  try {
    one.report = await play(asked, { signal, onProgress });
    const { from, until, totals } = one.report;
    one.endedMs = clock.nowMs();
    change({ state: "done", from, until, playedUntil: until, runCount: totals.runs });
  } catch (error) {
    const { code, message } = toRoostError(error);
    one.endedMs = clock.nowMs();
    if (late.aborted)
      change({ state: "failed", error: `it took longer than ${playMsMax / 60_000} minutes: rehearse fewer hours` });
    else if (signal.aborted) change({ state: "cancelled" });
    else change({ state: "failed", error: `${code}: ${message}`.slice(0, 2_000) });
    await cleanUp().catch((fault: unknown) =>
      logger.warn("the database of an earlier rehearsal could not be dropped yet", {
        error: toRoostError(fault).message,
      }),
    );
  } finally {
    clearTimeout(one.leaving);
  }
}

function forgetOld(kept: Map<string, Kept>, nowMs: number): void {
  const over = [...kept].filter(([, { endedMs }]) => endedMs !== undefined);
  for (const [index, [id, { endedMs = 0 }]] of over.entries())
    if (nowMs - endedMs > keptMsMax || over.length - index > keptMax) kept.delete(id);
}

function stop(one: Kept): void {
  one.stop.abort(new RoostError("timeout", "the rehearsal was cancelled"));
}

/** A page that was closed and a command that was killed cannot cancel what they started, and it would block others. */
async function* watchUntilLeft(
  one: Kept,
  { signal, leftMsMax }: { signal: AbortSignal; leftMsMax: number },
): AsyncGenerator<Rehearsal> {
  one.watcherCount += 1;
  clearTimeout(one.leaving);
  try {
    yield* watchOne(one, signal);
  } finally {
    one.watcherCount -= 1;
    if (one.watcherCount === 0 && one.rehearsal.state === "playing")
      one.leaving = setTimeout(() => stop(one), leftMsMax).unref();
  }
}

async function* watchOne(one: Kept, signal: AbortSignal): AsyncGenerator<Rehearsal> {
  for (;;) {
    const told = one.rehearsal;
    // Subscribed before the first yield, so that no progress is missed.
    let tell: () => void = () => undefined;
    const changed = new Promise<void>((resolve) => {
      tell = resolve;
    });
    one.watchers.add(tell);
    signal.addEventListener("abort", tell, { once: true });
    try {
      yield told;
      if (told.state !== "playing" || signal.aborted) return;
      if (one.rehearsal === told) await changed;
    } finally {
      one.watchers.delete(tell);
      signal.removeEventListener("abort", tell);
    }
  }
}
