export interface Listeners<Told extends unknown[]> {
  /** Returns what removes it again. */
  add: (listener: (...told: Told) => void) => () => void;
  tell: (...told: Told) => void;
}

/** Those who want to be told of one thing. */
export function createListeners<Told extends unknown[]>(): Listeners<Told> {
  const all = new Set<(...told: Told) => void>();
  return {
    add: (listener) => {
      all.add(listener);
      return () => void all.delete(listener);
    },
    tell: (...told) => {
      for (const listener of all) listener(...told);
    },
  };
}
