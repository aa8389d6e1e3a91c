/** What is read from the database for calls: it is read beside them once it is older than a second, and before a call once it is older than two. */
import { delay, type Clock } from "@roost/base";

const freshMs = 1_000;
const staleMsMax = 2_000;
/** Before a read for calls that miss something. */
const missedMs = 20;
/** The same where one was read within the last second: however many guess, it is read five times a second. */
const missedAgainMs = 200;

export interface Fresh<Value> {
  value(): Promise<Value>;
  /** For a call that has not found what it looks for: what is read from now on. */
  again(): Promise<Value>;
  /** The next call reads. */
  forget(): void;
}

export function keepFresh<Value>(
  read: () => Promise<Value>,
  { clock, onFailure }: { clock: Clock; onFailure: (error: unknown) => void },
): Fresh<Value> {
  let kept: { value: Value; readMs: number } | undefined;
  let reading: Promise<Value> | undefined;
  const readNow = (): Promise<Value> => {
    if (reading !== undefined) return reading;
    const readMs = clock.nowMs();
    const own = read()
      .then((value) => {
        // What was forgotten meanwhile is read anew.
        if (reading === own) kept = { value, readMs };
        return value;
      })
      .finally(() => {
        if (reading === own) reading = undefined;
      });
    reading = own;
    return own;
  };
  let due: Promise<Value> | undefined;
  let missedAtMs = -Infinity;
  const readSoon = async () => {
    // A clock that was set back counts as one that went on.
    await delay(Math.abs(clock.nowMs() - missedAtMs) > freshMs ? missedMs : missedAgainMs);
    // It may have been read before the call.
    await reading?.catch(() => undefined);
    due = undefined;
    missedAtMs = clock.nowMs();
    return await readNow();
  };
  const ageMs = () => (kept === undefined ? Infinity : clock.nowMs() - kept.readMs);
  const isWithin = (ms: number) => ageMs() >= 0 && ageMs() <= ms;
  return {
    async value() {
      if (kept === undefined || !isWithin(staleMsMax)) return await readNow();
      if (!isWithin(freshMs) && reading === undefined) void readNow().catch(onFailure);
      return kept.value;
    },
    again: () => (due ??= readSoon()),
    forget() {
      kept = undefined;
      reading = undefined;
    },
  };
}
