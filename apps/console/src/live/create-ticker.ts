/** One clock for every age on the screen. It stops while the page is hidden, and detects sleep: a gap between two of its beats. */
import { createListeners } from "./create-listeners.ts";

export interface Ticker {
  nowMs: () => number;
  subscribe: (listener: () => void) => () => void;
}

export interface TickerOptions {
  clock: { nowMs(): number };
  /** Calls back every second. */
  every: (call: () => void) => void;
  isSeen: () => boolean;
  /** The machine slept, or the page stood still, for so long. */
  onGap: (ms: number) => void;
}

const beatMs = 1_000;
const gapMsMin = 10_000;

export function createTicker({ clock, every, isSeen, onGap }: TickerOptions): Ticker {
  const listeners = createListeners<[]>();
  let now = clock.nowMs();
  let beatAt = now;
  every(() => {
    const at = clock.nowMs();
    const gapMs = at - beatAt - beatMs;
    beatAt = at;
    if (gapMs >= gapMsMin) onGap(gapMs);
    if (!isSeen()) return;
    now = at;
    listeners.tell();
  });
  return {
    nowMs: () => now,
    subscribe: listeners.add,
  };
}
