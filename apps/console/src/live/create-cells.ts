/**
 * Values by name, each with listeners of its own. Changes are told together, once per frame: a burst of events draws what changed, once. Knows
 * nothing of what the values mean.
 */
import { createListenersByName } from "./create-listeners.ts";

export interface Cells<Values extends object> {
  get<Name extends keyof Values>(name: Name): Values[Name] | undefined;
  set<Name extends keyof Values>(name: Name, value: Values[Name] | undefined): void;
  subscribe(name: keyof Values, listener: () => void): () => void;
}

/** `schedule`: calls its argument soon, once, as `requestAnimationFrame` does. */
export function createCells<Values extends object>(schedule: (tell: () => void) => void): Cells<Values> {
  const values = new Map<keyof Values, unknown>();
  const listeners = createListenersByName<keyof Values>();
  const changed = new Set<keyof Values>();
  const tell = () => {
    const names = [...changed];
    changed.clear();
    for (const name of names) listeners.tell(name);
  };
  return {
    get: (name) => values.get(name) as Values[typeof name] | undefined,
    set(name, value) {
      if (Object.is(values.get(name), value)) return;
      if (value === undefined) values.delete(name);
      else values.set(name, value);
      if (changed.size === 0) schedule(tell);
      changed.add(name);
    },
    subscribe: listeners.add,
  };
}
