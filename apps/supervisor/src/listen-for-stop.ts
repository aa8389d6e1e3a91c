/**
 * Maps signals to two requests: stop in order, or at once. One Ctrl-C arrives several times (from the terminal, npm and the start script), so
 * repeats within a moment count as one.
 */
import { isProcessAlive } from "@roost/base";

export interface StopSignals extends Disposable {
  readonly stop: AbortSignal;
  readonly force: AbortSignal;
}

export interface ListenForStopOptions {
  /** Identities of the processes that started this one: stop when one of them ends. */
  starters: readonly string[];
  /** Monotonic milliseconds. */
  nowMs?: () => number;
}

const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
export const samePressMsMax = 500;
/** Other systems need a program to check. */
const startersPollMs = process.platform === "linux" ? 250 : 2_000;

export function listenForStop(options: ListenForStopOptions): StopSignals {
  const nowMs = options.nowMs ?? (() => performance.now());
  const stop = new AbortController();
  const force = new AbortController();
  let firstMs = 0;
  const onSignal = () => {
    if (!stop.signal.aborted) {
      firstMs = nowMs();
      stop.abort();
    } else if (nowMs() - firstMs > samePressMsMax) {
      force.abort();
    }
  };
  for (const signal of signals) process.on(signal, onSignal);
  const timer = setInterval(() => {
    if (!options.starters.every(isProcessAlive)) stop.abort();
  }, startersPollMs);
  if (options.starters.length === 0) clearInterval(timer);
  timer.unref();
  return {
    stop: stop.signal,
    force: force.signal,
    [Symbol.dispose]() {
      clearInterval(timer);
      for (const signal of signals) process.off(signal, onSignal);
    },
  };
}
