/** Prints what needs attention: jobs that did not run, overlap or collide, bursts, and caps. The sentences are the contract's. */
import { describeCap, findingTitles, listFindings, type RehearsalFinding } from "@roost/contract/describe-rehearsal";
import type { RehearsalReport, ShownSource } from "@roost/contract/operations";
import type { Terminal } from "../print/create-terminal.ts";
import { formatCount } from "../print/format-spend.ts";
import { findingFormats, type Moments } from "./format-amounts.ts";
import { bullet, heading } from "./report-lines.ts";

/** Per kind; `--json` has all. */
const shownMax = 12;
const sourcesMax = 5;

export function printFindings(terminal: Terminal, report: RehearsalReport, moments: Moments): void {
  printShown(terminal, report);
  const formats = findingFormats(moments);
  const byKind = Map.groupBy(listFindings(report, formats), ({ about }) => about);
  for (const [about, findings] of byKind) printList(terminal, findingTitles[about], findings);
  const [nearest] = report.caps;
  if (byKind.has("cap") || nearest === undefined) return;
  heading(terminal, findingTitles.cap);
  bullet(terminal, `None is exceeded; the nearest of ${report.caps.length}: ${describeCap(nearest, formats)}`);
}

/** Prints what the prompts consist of, for the jobs with the largest ones. */
function printShown(terminal: Terminal, { jobs }: RehearsalReport): void {
  const shown = jobs.filter((job) => job.shown.length > 0).toSorted((a, b) => b.shownTokensMax - a.shownTokensMax);
  const items = shown.map(({ jobId, shownTokensMax, shown: sources }) => {
    const text = `${jobId}: ${formatCount(shownTokensMax)} tokens (${sourcesText(sources)})`;
    return { text, tone: "plain" as const };
  });
  printList(terminal, "Largest prompts", items);
}

function sourcesText(sources: readonly ShownSource[]): string {
  const sorted = sources.toSorted((a, b) => b.tokens - a.tokens);
  const rest = sorted.slice(sourcesMax).reduce((sum, { tokens }) => sum + tokens, 0);
  const parts = sorted.slice(0, sourcesMax).map(({ source, tokens }) => `${source} ${formatCount(tokens)}`);
  return [...parts, ...(rest > 0 ? [`other ${formatCount(rest)}`] : [])].join(", ");
}

function printList(terminal: Terminal, title: string, items: readonly Omit<RehearsalFinding, "about">[]): void {
  if (items.length === 0) return;
  heading(terminal, title);
  for (const { text, tone } of items.slice(0, shownMax)) bullet(terminal, text, tone);
  if (items.length > shownMax)
    terminal.line(terminal.paint(`  and ${items.length - shownMax} more (--json has all)`, "dim"));
}
