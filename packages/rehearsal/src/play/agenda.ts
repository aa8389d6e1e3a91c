/**
 * What is to happen in simulated time: model calls that come back at a moment. One thing goes on at a time, so that a rehearsal comes to
 * the same twice: whoever goes on is waited for until it waits again or is over.
 */
interface Parked {
  runId: string;
  atMs: number;
  place: number;
  goOn: () => void;
}

export interface Agenda {
  /** When the next of those that wait goes on. */
  readonly nextMs: number | undefined;
  /** Resolves when that moment has come. @throws the signal's reason */
  park(runId: string, atMs: number, signal: AbortSignal): Promise<void>;
  /** Lets the first whose moment has come go on; undefined: nobody's has. */
  takeDue(nowMs: number): string | undefined;
  /** Resolves as soon as that run waits here. */
  parked(runId: string): Promise<void>;
}

export function createAgenda(): Agenda {
  const waiting = new Map<string, Parked>();
  const watchers = new Map<string, () => void>();
  let place = 0;
  const first = () => [...waiting.values()].toSorted((a, b) => a.atMs - b.atMs || a.place - b.place)[0];
  return {
    get nextMs() {
      return first()?.atMs;
    },
    park: (runId, atMs, signal) =>
      new Promise((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason as Error);
        const abort = () => {
          waiting.delete(runId);
          reject(signal.reason as Error);
        };
        signal.addEventListener("abort", abort, { once: true });
        place += 1;
        const goOn = () => {
          signal.removeEventListener("abort", abort);
          resolve();
        };
        waiting.set(runId, { runId, atMs, place, goOn });
        watchers.get(runId)?.();
        watchers.delete(runId);
      }),
    takeDue(nowMs) {
      const next = first();
      if (next === undefined || next.atMs > nowMs) return undefined;
      waiting.delete(next.runId);
      next.goOn();
      return next.runId;
    },
    parked: (runId) =>
      waiting.has(runId)
        ? Promise.resolve()
        : new Promise((resolve) => {
            watchers.set(runId, resolve);
          }),
  };
}
