/**
 * The process of the domain services of a machine: there is one while there are services. One that takes its place is ready before it ends, so
 * that calls find one all the time.
 */
import type { KeptChild } from "./keep-child.ts";

export interface KeptServices {
  /** Of all of them, also those that are ending. */
  all(): KeptChild[];
  /** A gateway says whether there are any. */
  want(has: boolean): void;
  /** Starts another in the place of the one that runs. */
  replace(): void;
  /** One has become ready. */
  onReady(): void;
  /** Starts no other from now on. */
  close(): void;
}

export function keepServices(start: () => KeptChild, { onChange }: { onChange: () => void }): KeptServices {
  let current: KeptChild | undefined;
  let next: KeptChild | undefined;
  let isClosed = false;
  const leaving = new Set<KeptChild>();
  const leave = (child: KeptChild | undefined) => {
    if (child === undefined) return;
    leaving.add(child);
    void child.stop().then(() => leaving.delete(child) && onChange());
  };
  return {
    all: () => [current, next, ...leaving].filter((child) => child !== undefined),
    want(has) {
      if (isClosed) return;
      if (has) {
        current?.hint();
        current ??= start();
      } else {
        leave(current);
        leave(next);
        current = next = undefined;
      }
    },
    replace() {
      if (!isClosed && current !== undefined) next ??= start();
    },
    onReady() {
      if (next?.isReady() !== true) return;
      leave(current);
      current = next;
      next = undefined;
    },
    close: () => void (isClosed = true),
  };
}
