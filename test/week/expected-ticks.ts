/**
 * When the jobs of the example home are due in a week or the first days of it, worked out by arithmetic from their files: Berlin is an hour ahead of UTC all
 * week, so that every grid is even. Nothing of Roost computes along.
 */
export interface ExpectedTick {
  at: string;
  outcome: "fired" | "skipped";
}

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

export interface Week {
  /** A Monday, 00:00 UTC. */
  startMs: number;
  endMs: number;
  /** The first moment of the heartbeat, whose grid begins when it is defined. */
  firstHeartbeatMs: number;
  checkEveryMinutes: number;
}

export function expectedTicks({
  startMs,
  endMs,
  firstHeartbeatMs,
  checkEveryMinutes,
}: Week): Record<string, ExpectedTick[]> {
  const every = (fromMs: number, stepMs: number, isActive = (_ms: number) => true): ExpectedTick[] => {
    const count = Math.ceil((endMs - fromMs) / stepMs);
    return Array.from({ length: count }, (_, index) => fromMs + index * stepMs).map((ms) => ({
      at: new Date(ms).toISOString(),
      outcome: isActive(ms) ? "fired" : "skipped",
    }));
  };
  const onDays = (days: number[], utcHour: number): ExpectedTick[] =>
    days
      .map((day) => startMs + day * dayMs + utcHour * hourMs)
      .filter((ms) => ms < endMs)
      .map((ms) => ({ at: new Date(ms).toISOString(), outcome: "fired" }));
  return {
    // 06:00, 10:00 and 18:00 in Berlin.
    "blog-writer": onDays([0, 1, 2, 3, 4, 5, 6], 5),
    "video-producer": onDays([0, 2, 4], 9),
    "weekly-review": onDays([6], 17),
    "social-checker": every(startMs + checkEveryMinutes * minuteMs, checkEveryMinutes * minuteMs),
    // From 07:00 to 23:00 in Berlin.
    heartbeat: every(firstHeartbeatMs, 30 * minuteMs, (ms) => {
      const sinceMidnightMs = (ms + hourMs) % dayMs;
      return sinceMidnightMs >= 7 * hourMs && sinceMidnightMs < 23 * hourMs;
    }),
  };
}
