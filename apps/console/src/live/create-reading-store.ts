/** Answers by key: shown at once when one comes back to a screen, and read again. Knows nothing of what they are. */
import { createListenersByName } from "./create-listeners.ts";

export interface Reading<Value> {
  value: Value | undefined;
  error: Error | undefined;
  isReading: boolean;
}

export interface ReadingStore {
  get(key: string): Reading<unknown>;
  subscribe(key: string, listener: () => void): () => void;
  /** Reads it, unless it is being read: then once more afterwards. */
  read(key: string, load: () => Promise<unknown>): void;
}

const nothing: Reading<unknown> = { value: undefined, error: undefined, isReading: true };
const keptMax = 60;

export function createReadingStore(): ReadingStore {
  const answers = new Map<string, Reading<unknown>>();
  const listeners = createListenersByName<string>();
  const again = new Map<string, () => Promise<unknown>>();
  const set = (key: string, answer: Reading<unknown>) => {
    answers.delete(key);
    answers.set(key, answer);
    for (const old of answers.keys()) {
      if (answers.size <= keptMax) break;
      if (!listeners.has(old)) answers.delete(old);
    }
    listeners.tell(key);
  };
  const read = (key: string, load: () => Promise<unknown>) => {
    const before = answers.get(key);
    if (before?.isReading === true) {
      again.set(key, load);
      return;
    }
    set(key, { value: before?.value, error: before?.error, isReading: true });
    void load()
      .then(
        (value) => set(key, { value, error: undefined, isReading: false }),
        (error: Error) => set(key, { value: answers.get(key)?.value, error, isReading: false }),
      )
      .then(() => {
        const next = again.get(key);
        again.delete(key);
        if (next !== undefined) read(key, next);
      });
  };
  return {
    get: (key) => answers.get(key) ?? nothing,
    subscribe: listeners.add,
    read,
  };
}
