/**
 * What happens in simulated time: model calls that return at a given moment. Only one task runs at a time and is awaited until it waits again or
 * ends, so that a rehearsal is reproducible.
 */
interface Parked {
  runId: string;
  atMs: number;
  place: number;
  goOn: () => void;
}

export interface Agenda {
  /** When the next waiting task continues. */
  readonly nextMs: number | undefined;
  /** Resolves at that moment. @throws the signal's reason */
  park(runId: string, atMs: number, signal: AbortSignal): Promise<void>;
  /** Lets the first due task continue; undefined: none is due. */
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
