/** Handles signals until disposed; otherwise they end the process as usual. */
export function catchSignals(
  signals: readonly NodeJS.Signals[],
  onSignal: (signal: NodeJS.Signals, count: number) => void,
): Disposable {
  let count = 0;
  const listener = (signal: NodeJS.Signals) => {
    count += 1;
    onSignal(signal, count);
  };
  for (const signal of signals) process.on(signal, listener);
  return {
    [Symbol.dispose]() {
      for (const signal of signals) process.off(signal, listener);
    },
  };
}
