/** Prints a rehearsal's report: hour by hour, job by job, what needs attention, and its assumptions. */
import { formatDurationMs } from "@roost/base";
import { plural } from "@roost/contract/describe-rehearsal";
import type { RehearsalReport } from "@roost/contract/operations";
import type { Terminal } from "../print/create-terminal.ts";
import { formatCount } from "../print/format-spend.ts";
import { costText, createMoments, type Moments } from "./format-amounts.ts";
import { formatTimeline } from "./format-timeline.ts";
import { printFindings } from "./print-findings.ts";
import { jobColumns, runColumns } from "./report-columns.ts";
import { bullet, heading, wrapped } from "./report-lines.ts";

export function printReport(terminal: Terminal, report: RehearsalReport, { withRuns }: { withRuns: boolean }): void {
  const moments = createMoments(report.timeZone, report.hours);
  printHead(terminal, report, moments);
  heading(terminal, "Hours");
  const money = report.totals.costUsd === null ? "" : ", money";
  wrapped(terminal, `█ fired, ░ not fired; ticks, −skipped, !missed, tokens${money}`, "dim");
  for (const line of formatTimeline(report, moments, terminal)) terminal.line(line);
  heading(terminal, "Jobs");
  terminal.table(report.jobs, jobColumns(), "There are no jobs");
  if (withRuns) {
    heading(terminal, "Runs");
    terminal.table(report.runs, runColumns(moments), "Nothing runs");
    const more = report.totals.runs - report.runs.length;
    if (more > 0) terminal.line(terminal.paint(`and ${more} more`, "dim"));
  }
  printFindings(terminal, report, moments);
  heading(terminal, "Assumed");
  for (const { about, text } of report.assumptions) bullet(terminal, `${about}: ${text}`);
}

function printHead(terminal: Terminal, report: RehearsalReport, moments: Moments): void {
  const { totals } = report;
  wrapped(terminal, `${moments.full(report.from)} to ${moments.full(report.until)}, ${report.timeZone}`, "strong");
  const ticks = [
    `${plural(totals.fired, "tick")} ${totals.fired === 1 ? "fires" : "fire"}`,
    ...(totals.skipped > 0 ? [`${totals.skipped} are skipped`] : []),
    ...(totals.missed > 0 ? [`${totals.missed} are missed`] : []),
  ].join(", ");
  const quiet = totals.quietRuns > 0 ? ` (${totals.quietRuns} without a model)` : "";
  const failed =
    totals.failedRuns > 0 ? `, ${totals.failedRuns} of them ${totals.failedRuns === 1 ? "fails" : "fail"}` : "";
  wrapped(
    terminal,
    `${ticks}; ${plural(totals.runs, "run")}${quiet}${failed}, at most ${totals.goingMax} at once${waitText(totals.waitedMsMax)}`,
  );
  const money = totals.costUsd === null ? "no price is known" : costText(totals.costUsd);
  wrapped(
    terminal,
    `${plural(totals.modelCalls, "model call")}: ${formatCount(totals.inputTokens)} tokens read, ${formatCount(totals.outputTokens)} written, ${money}`,
  );
  for (const { jobId, change, paths } of report.changes)
    wrapped(
      terminal,
      `tried: ${jobId} ${change}${paths.length > 0 && change === "changed" ? ` (${paths.join(", ")})` : ""}`,
      "accent",
    );
}

function waitText(ms: number): string {
  return ms >= 1_000 ? `, the longest wait ${formatDurationMs(ms)}` : "";
}
