/** What a rehearsal found that a person may want to change, a sentence each: for the report of the command line and the screen of the console. Pure. */
import type { RehearsalReport, RehearsedCap, RehearsedCollision, RehearsedOverlap } from "./rehearsal.ts";

/** How the reader's program writes a moment and amounts. */
export interface FindingFormats {
  at(time: string): string;
  usd(amount: number): string;
  count(amount: number): string;
}

/** In the order in which they are read. */
export const findingTitles = {
  reason: "Not run",
  overlap: "Jobs that overlap with themselves",
  collision: "Jobs that collide with each other",
  burst: "Jobs due at the same moment",
  cap: "Caps",
} as const;

export interface RehearsalFinding {
  about: keyof typeof findingTitles;
  text: string;
  /** bad: something is refused. warn: likely not as meant. plain: to be known. */
  tone: "bad" | "warn" | "plain";
}

export type FoundReport = Pick<RehearsalReport, "jobs" | "overlaps" | "collisions" | "bursts" | "caps">;
type FoundOf = (report: FoundReport, formats: FindingFormats) => Omit<RehearsalFinding, "about">[];

/** Caps used beyond this share are told of. */
const nearShare = 0.5;
/** So many at the same moment are more than a coincidence. */
const burstJobsMin = 3;

const found: Readonly<Record<RehearsalFinding["about"], FoundOf>> = {
  reason: ({ jobs }, formats) =>
    jobs.flatMap(({ jobId, reasons }) =>
      reasons.map(({ outcome, reason, count, firstAt }) => {
        return { text: `${jobId}: ${count} ${outcome}, first ${formats.at(firstAt)}: ${reason}`, tone: "plain" };
      }),
    ),
  overlap: ({ overlaps }, formats) => overlaps.map((one) => ({ text: describeOverlap(one, formats), tone: "warn" })),
  collision: ({ collisions }, formats) =>
    collisions.map((one) => ({ text: describeCollision(one, formats), tone: "warn" })),
  burst: ({ bursts }, formats) =>
    bursts.map(({ jobs, count, firstAt }) => {
      const text = `${jobs.join(", ")}: ${times(count)}, first ${formats.at(firstAt)}`;
      return { text, tone: jobs.length >= burstJobsMin ? "warn" : "plain" };
    }),
  cap: ({ caps }, formats) =>
    caps
      .filter((cap) => cap.refusals > 0 || shareOf(cap) >= nearShare)
      .map((cap) => ({ text: describeCap(cap, formats), tone: cap.refusals > 0 ? "bad" : "plain" })),
};

/** In the order of their titles. */
export function listFindings(report: FoundReport, formats: FindingFormats): RehearsalFinding[] {
  const kinds = Object.keys(findingTitles) as RehearsalFinding["about"][];
  return kinds.flatMap((about) => found[about](report, formats).map((finding) => ({ about, ...finding })));
}

/** `everything: $0.50 a day: …`: how much of it is used, or what it refuses. */
export function describeCap(cap: RehearsedCap, formats: FindingFormats): string {
  const { scope, window, unit, max, peak, peakIn, refusals, first } = cap;
  const amount = (value: number) => (unit === "usd" ? formats.usd(value) : `${formats.count(value)} ${unit}`);
  const name = `${scope === "all" ? "everything" : scope}: ${amount(max)} ${window === "total" ? "in all" : `a ${window}`}`;
  if (first === null || refusals === 0)
    return `${name}: ${Math.round(shareOf(cap) * 100)} % at most (${amount(peak)}${peakIn === "" || peakIn === "total" ? "" : ` in ${peakIn}`})`;
  const asked = `${amount(first.used)} used, ${amount(first.asked)} asked for`;
  return `${name}: exceeded by ${first.run} at ${formats.at(first.at)} (${asked}); ${plural(refusals, "call")} refused`;
}

function describeOverlap(overlap: RehearsedOverlap, formats: FindingFormats): string {
  const { jobId, policy, skipped, queued, cancelled, atOnceMax, firstAt } = overlap;
  const parts = [
    ...(skipped > 0 ? [`${plural(skipped, "tick")} skipped during an active run`] : []),
    ...(queued > 0 ? [`${plural(queued, "run")} queued behind another`] : []),
    ...(cancelled > 0 ? [`${plural(cancelled, "run")} cancelled for the next`] : []),
    ...(atOnceMax > 1 ? [`up to ${atOnceMax} runs at once`] : []),
  ];
  return `${jobId} (overlap ${policy}): ${parts.join(", ")}; first ${formats.at(firstAt)}`;
}

function describeCollision(collision: RehearsedCollision, formats: FindingFormats): string {
  const { kind, name, jobs, count, firstAt, runs, evidence } = collision;
  const which = runs.length === 0 ? "" : ` (${runs.join(", ")})`;
  return `${kind} ${name}: ${jobs.join(" and ")}, ${times(count)}, first ${formats.at(firstAt)}${which}; ${evidence}`;
}

function shareOf({ peak, max }: RehearsedCap): number {
  return max === 0 ? (peak > 0 ? 1 : 0) : peak / max;
}

/** `once`, `2 times` */
export function times(count: number): string {
  return count === 1 ? "once" : `${count} times`;
}

/** `1 run`, `2 runs` */
export function plural(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? "" : "s"}`;
}
