/**
 * The process of the domain services of a machine: there is one while there are services. One that takes its place is ready before it ends, so
 * that calls find one all the time.
 */
import type { KeptChild } from "./keep-child.ts";

export interface KeptServices {
  /** Of a start: there are none, or they are ready, have failed, or are late. */
  readonly settled: Promise<void>;
  /** Of all of them, also those that are ending. */
  all(): KeptChild[];
  /** A gateway says whether there are any. */
  want(has: boolean): void;
  /** Starts another in the place of the one that runs. */
  replace(): void;
  /** One has become ready. */
  onReady(): void;
  /** One has ended, or could not start. */
  onFailure(): void;
  /** Starts no other from now on. */
  close(): void;
}

/** Those that are not ready by then come later. */
const startMsMax = 30_000;

export function keepServices(start: () => KeptChild, { onChange }: { onChange: () => void }): KeptServices {
  let current: KeptChild | undefined;
  let next: KeptChild | undefined;
  let isClosed = false;
  const settled = Promise.withResolvers<void>();
  let late: ReturnType<typeof setTimeout> | undefined;
  const settle = () => {
    clearTimeout(late);
    settled.resolve();
  };
  const leaving = new Set<KeptChild>();
  const leave = (child: KeptChild | undefined) => {
    if (child === undefined) return;
    leaving.add(child);
    void child.stop().then(() => leaving.delete(child) && onChange());
  };
  return {
    settled: settled.promise,
    all: () => [current, next, ...leaving].filter((child) => child !== undefined),
    want(has) {
      if (isClosed) return;
      if (has) {
        current?.hint();
        current ??= start();
        late ??= setTimeout(settle, startMsMax);
      } else {
        settle();
        leave(current);
        leave(next);
        current = next = undefined;
      }
    },
    replace() {
      if (!isClosed && current !== undefined) next ??= start();
    },
    onFailure: settle,
    onReady() {
      settle();
      if (next?.isReady() !== true) return;
      leave(current);
      current = next;
      next = undefined;
    },
    close() {
      isClosed = true;
      settle();
    },
  };
}
