/** A day of the calendar: what is due and what ran, each job at its times, or once with a count where it has many. */

export interface DayEntry {
  jobId: string;
  at: number;
  /** due, or how it went: done, failed, skipped, missed, … */
  state: string;
  /** Moments that it stands for. */
  count: number;
  runId?: string | undefined;
}

export interface DayGroup extends DayEntry {
  /** `72 times, 2 failed`; undefined: it stands for one moment. */
  text: string | undefined;
}

/** A job with more in a day stands once, with its count. */
const singlyMax = 3;
/** The first that there is decides how a group looks. */
const worstFirst = ["failed", "diverged", "missed", "running", "waiting", "done", "due"];
const told = new Set(["failed", "diverged", "cancelled", "missed", "skipped"]);

export function gatherDay(entries: readonly DayEntry[]): DayGroup[] {
  return [...Map.groupBy(entries, ({ jobId }) => jobId).values()]
    .flatMap((ofJob) => (countOf(ofJob) > singlyMax ? [gathered(ofJob)] : ofJob.map(toSingle)))
    .toSorted((one, other) => Number(one.count > 1) - Number(other.count > 1) || one.at - other.at);
}

function toSingle(entry: DayEntry): DayGroup {
  return { ...entry, text: entry.count > 1 ? `${entry.count} times` : undefined };
}

function gathered(ofJob: readonly DayEntry[]): DayGroup {
  const first = ofJob[0]!;
  const states = Map.groupBy(ofJob, ({ state }) => state);
  const parts = [...states].filter(([state]) => told.has(state)).map(([state, those]) => `${countOf(those)} ${state}`);
  const count = countOf(ofJob);
  const state = worstFirst.find((each) => states.has(each)) ?? first.state;
  return { jobId: first.jobId, at: first.at, state, count, text: [`${count} times`, ...parts].join(", ") };
}

function countOf(entries: readonly DayEntry[]): number {
  return entries.reduce((sum, { count }) => sum + count, 0);
}
