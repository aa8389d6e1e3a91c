import type { Clock } from "./clock.ts";

/** How long it counts where nothing else is said. */
export const briefMs = 1_000;

interface KeptBriefly<Value> {
  read(): Promise<Value>;
  /** The next one reads anew. */
  forget(): void;
}

/** What was read, at most a second old, read once for all who ask meanwhile. Failures are not kept. */
export function keepBriefly<Value>(
  read: () => Promise<Value>,
  { clock, keptMs = briefMs }: { clock: Clock; keptMs?: number },
): KeptBriefly<Value> {
  let known: Promise<Value> | undefined;
  let readAtMs = 0;
  const forget = () => (known = undefined);
  return {
    read() {
      const nowMs = clock.nowMs();
      // A clock that was set back keeps nothing.
      if (known !== undefined && Math.abs(nowMs - readAtMs) < keptMs) return known;
      readAtMs = nowMs;
      known = read();
      known.catch(forget);
      return known;
    },
    forget,
  };
}
