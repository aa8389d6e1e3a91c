/** From time to place, with long idle times folded: a run that waited two hours and worked two minutes shows the two minutes. Pure. */
export interface Interval {
  from: number;
  to: number;
  /** Nothing works in it: a wait. */
  isIdle: boolean;
}

export interface Fold {
  from: number;
  to: number;
}

export interface TimeScale {
  /** 0 to 1. */
  at: (ms: number) => number;
  folds: readonly Fold[];
  /** Marks of working time since the beginning. */
  ticks: readonly { at: number; workedMs: number }[];
  workedMs: number;
}

/** What a fold takes of the whole width. */
const foldShare = 0.05;
const foldMsMin = 5_000;
const foldOfWork = 0.3;
const tickSteps = [
  100, 250, 500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000, 300_000, 900_000, 3_600_000, 14_400_000, 86_400_000,
];
const ticksMax = 6;

export function createTimeScale(intervals: readonly Interval[]): TimeScale {
  const from = Math.min(...intervals.map((each) => each.from));
  const to = Math.max(from + 1, ...intervals.map((each) => each.to));
  const gaps = listGaps(
    intervals.filter(({ isIdle }) => !isIdle),
    { from, to },
  );
  const idleMs = gaps.reduce((sum, gap) => sum + gap.to - gap.from, 0);
  const workMs = Math.max(1, to - from - idleMs);
  const folds = gaps.filter((gap) => gap.to - gap.from > Math.max(foldMsMin, workMs * foldOfWork));
  const foldedMs = folds.reduce((sum, fold) => sum + fold.to - fold.from, 0);
  const shownMs = Math.max(1, to - from - foldedMs);
  const share = Math.min(foldShare, 0.5 / Math.max(1, folds.length));
  const open = 1 - share * folds.length;
  const at = (ms: number) => {
    const moment = Math.max(from, Math.min(to, ms));
    let place = ((moment - from) / shownMs) * open;
    for (const fold of folds) {
      if (moment <= fold.from) break;
      const inside = Math.min(moment, fold.to) - fold.from;
      place += share * (inside / (fold.to - fold.from)) - (inside / shownMs) * open;
    }
    return Math.max(0, Math.min(1, place));
  };
  return { at, folds, ticks: listTicks({ from, folds, shownMs, at }), workedMs: shownMs };
}

/** Times between `from` and `to` that no interval covers. */
function listGaps(intervals: readonly Interval[], { from, to }: Fold): Fold[] {
  const gaps: Fold[] = [];
  let end = from;
  for (const each of intervals.toSorted((one, other) => one.from - other.from)) {
    if (each.from > end) gaps.push({ from: end, to: each.from });
    end = Math.max(end, each.to);
  }
  if (end < to) gaps.push({ from: end, to });
  return gaps;
}

interface TickGiven {
  from: number;
  folds: readonly Fold[];
  shownMs: number;
  at: (ms: number) => number;
}

function listTicks({ from, folds, shownMs, at }: TickGiven): { at: number; workedMs: number }[] {
  const step = tickSteps.find((each) => shownMs / each <= ticksMax) ?? shownMs;
  const ticks: { at: number; workedMs: number }[] = [];
  for (let workedMs = 0; workedMs < shownMs && ticks.length <= ticksMax; workedMs += step) {
    // The moment by which so much was worked: folds before it do not count.
    let moment = from + workedMs;
    for (const fold of folds) if (fold.from < moment) moment += fold.to - fold.from;
    ticks.push({ at: at(moment), workedMs });
  }
  return ticks;
}
