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

/** The same by name: a name without listeners takes no room. */
export function createListenersByName<Name>() {
  const all = new Map<Name, Set<() => void>>();
  return {
    has: (name: Name) => all.has(name),
    /** Returns what removes it again. */
    add(name: Name, listener: () => void): () => void {
      const own = all.get(name) ?? new Set();
      all.set(name, own.add(listener));
      return () => {
        own.delete(listener);
        if (own.size === 0) all.delete(name);
      };
    },
    tell(name: Name): void {
      for (const listener of all.get(name) ?? []) listener();
    },
  };
}
