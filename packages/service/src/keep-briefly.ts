import type { Clock } from "@roost/base";

export const keptMs = 1_000;

/** What was read, at most a second old, read once for all who ask meanwhile. Failures are not kept. */
interface KeptBriefly<Value> {
  read(): Promise<Value>;
  /** The next one reads anew. */
  forget(): void;
}

export function keepBriefly<Value>(read: () => Promise<Value>, { clock }: { clock: Clock }): KeptBriefly<Value> {
  let known: Promise<Value> | undefined;
  let readAtMs = -keptMs;
  const forget = () => (known = undefined);
  return {
    read() {
      const nowMs = clock.nowMs();
      if (known !== undefined && nowMs - readAtMs < keptMs) return known;
      readAtMs = nowMs;
      known = read();
      known.catch(forget);
      return known;
    },
    forget,
  };
}
