/** The source of time, passed to everything that needs it. */
export interface Clock {
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  nowMs(): number;
}

export const systemClock: Clock = { nowMs: () => Date.now() };

export interface FakeClock extends Clock {
  /** Moves forward (or, with a negative number, back) by `ms`. */
  advance(ms: number): void;
  set(ms: number): void;
}

/** A clock that stands still until it is moved. */
export function createFakeClock(startMs = 0): FakeClock {
  let currentMs = startMs;
  return {
    nowMs: () => currentMs,
    advance: (ms) => {
      currentMs += ms;
    },
    set: (ms) => {
      currentMs = ms;
    },
  };
}
