/**
 * Signals become two questions: stop in order, or at once. One Ctrl-C arrives several times: from the terminal, and
 * forwarded by npm and by the script that started this; so what follows within a moment counts as the same.
 */
export interface StopSignals extends Disposable {
  readonly stop: AbortSignal;
  readonly force: AbortSignal;
}

export interface ListenForStopOptions {
  /** Stop too when the process that started this one is gone. */
  stopsWithParent: boolean;
  /** Milliseconds that only go forward. */
  nowMs?: () => number;
}

const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
export const samePressMsMax = 500;
const parentPollMs = 500;

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
  const parentPid = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid !== parentPid) stop.abort();
  }, parentPollMs);
  if (!options.stopsWithParent) clearInterval(timer);
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
