/** Prints what needs attention: jobs that overlap or collide, bursts, and caps. */
import type { RehearsalReport, RehearsedCap, RehearsedOverlap, ShownSource } from "@roost/contract/operations";
import type { Terminal } from "../print/create-terminal.ts";
import { formatCount } from "../print/format-spend.ts";
import { amount, plural, type Moments } from "./format-amounts.ts";
import { bullet, heading } from "./report-lines.ts";

/** Per kind; `--json` has all. */
const shownMax = 12;
const sourcesMax = 5;
/** Caps used beyond this share are listed. */
const nearShare = 0.5;

export function printFindings(terminal: Terminal, report: RehearsalReport, moments: Moments): void {
  printShown(terminal, report);
  printList(terminal, "Jobs that overlap with themselves", report.overlaps, (overlap) => [
    overlapText(overlap, moments),
    "warn",
  ]);
  printList(
    terminal,
    "Jobs that collide with each other",
    report.collisions,
    ({ kind, name, jobs, count, firstAt, runs, evidence }) => [
      `${kind} ${name}: ${jobs.join(" and ")}, ${times(count)}, first ${moments.short(firstAt)} (${runs.join(", ")}); ${evidence}`,
      "warn",
    ],
  );
  printList(terminal, "Jobs due at the same moment", report.bursts, ({ jobs, count, firstAt }) => [
    `${jobs.join(", ")}: ${times(count)}, first ${moments.short(firstAt)}`,
    jobs.length > 2 ? "warn" : "plain",
  ]);
  const caps = report.caps.filter((cap) => cap.refusals > 0 || shareOf(cap) >= nearShare);
  if (caps.length > 0)
    printList(terminal, "Caps", caps, (cap) => [capText(cap, moments), cap.refusals > 0 ? "bad" : "plain"]);
  else if (report.caps.length > 0) {
    heading(terminal, "Caps");
    const nearest = report.caps[0];
    bullet(
      terminal,
      `None is exceeded${nearest === undefined ? "" : `; the nearest of ${report.caps.length}: ${capText(nearest, moments)}`}`,
    );
  }
}

/** Prints what the prompts consist of, for the jobs with the largest ones. */
function printShown(terminal: Terminal, { jobs }: RehearsalReport): void {
  const shown = jobs.filter((job) => job.shown.length > 0).toSorted((a, b) => b.shownTokensMax - a.shownTokensMax);
  printList(terminal, "Largest prompts", shown, (job) => [
    `${job.jobId}: ${formatCount(job.shownTokensMax)} tokens (${sourcesText(job.shown)})`,
    "plain",
  ]);
}

function sourcesText(sources: readonly ShownSource[]): string {
  const sorted = sources.toSorted((a, b) => b.tokens - a.tokens);
  const rest = sorted.slice(sourcesMax).reduce((sum, { tokens }) => sum + tokens, 0);
  const parts = sorted.slice(0, sourcesMax).map(({ source, tokens }) => `${source} ${formatCount(tokens)}`);
  return [...parts, ...(rest > 0 ? [`other ${formatCount(rest)}`] : [])].join(", ");
}

function printList<Item>(
  terminal: Terminal,
  title: string,
  items: readonly Item[],
  lineOf: (item: Item) => [string, "plain" | "warn" | "bad"],
): void {
  if (items.length === 0) return;
  heading(terminal, title);
  for (const item of items.slice(0, shownMax)) bullet(terminal, ...lineOf(item));
  if (items.length > shownMax)
    terminal.line(terminal.paint(`  and ${items.length - shownMax} more (--json has all)`, "dim"));
}

function overlapText(overlap: RehearsedOverlap, moments: Moments): string {
  const { jobId, policy, skipped, queued, cancelled, atOnceMax, firstAt } = overlap;
  const parts = [
    ...(skipped > 0 ? [`${plural(skipped, "tick")} skipped during an active run`] : []),
    ...(queued > 0 ? [`${plural(queued, "run")} queued behind another`] : []),
    ...(cancelled > 0 ? [`${plural(cancelled, "run")} cancelled for the next`] : []),
    ...(atOnceMax > 1 ? [`up to ${atOnceMax} runs at once`] : []),
  ];
  return `${jobId} (overlap ${policy}): ${parts.join(", ")}; first ${moments.short(firstAt)}`;
}

function capText(cap: RehearsedCap, moments: Moments): string {
  const { scope, window, unit, max, peak, peakIn, refusals, first } = cap;
  const whose = scope === "all" ? "everything" : scope;
  const name =
    window === "run"
      ? `${whose}: ${amount(max, unit)} a run`
      : `${whose}: ${amount(max, unit)} ${window === "total" ? "in all" : `a ${window}`}`;
  if (first === null || refusals === 0) {
    return `${name}: ${Math.round(shareOf(cap) * 100)} % at most (${amount(peak, unit)}${peakIn === "" || peakIn === "total" ? "" : ` in ${peakIn}`})`;
  }
  return `${name}: exceeded by ${first.run} at ${moments.short(first.at)} (${amount(first.used, unit)} used, ${amount(first.asked, unit)} asked for); ${plural(refusals, "call")} refused`;
}

function shareOf({ peak, max }: RehearsedCap): number {
  return max === 0 ? (peak > 0 ? 1 : 0) : peak / max;
}

function times(count: number): string {
  return count === 1 ? "once" : `${count} times`;
}
