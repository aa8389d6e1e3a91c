/** The tables of a report: jobs and runs. */
// tidy: the columns of one report.
import { formatDurationMs } from "@roost/base";
import type { RehearsedJob, RehearsedRun } from "@roost/contract/operations";
import { toneOf } from "../print/create-paint.ts";
import { formatCount } from "../print/format-spend.ts";
import type { Column } from "../print/table.ts";
import { costText, type Moments } from "./format-amounts.ts";

const countText = (count: number) => (count === 0 ? "" : String(count));
const tokensText = (tokens: number) => (tokens === 0 ? "" : formatCount(tokens));

export function jobColumns(): Column<RehearsedJob>[] {
  return [
    { title: "JOB", value: (job) => job.jobId, tone: () => "strong" },
    {
      title: "WHEN",
      value: (job) => (job.state === "active" ? job.when : `${job.when} (${job.state})`),
      importance: 4,
      widthMin: 10,
    },
    { title: "FIRES", value: (job) => String(job.fired), alignRight: true, label: "fires", tone: () => "good" },
    { title: "SKIPS", value: (job) => countText(job.skipped), alignRight: true, label: "skips", tone: () => "warn" },
    {
      title: "MISSES",
      value: (job) => countText(job.missed),
      alignRight: true,
      importance: 2,
      label: "misses",
      tone: () => "bad",
    },
    {
      title: "FAILS",
      value: (job) => countText(job.failedRuns),
      alignRight: true,
      importance: 2,
      label: "fails",
      tone: () => "bad",
    },
    { title: "QUIET", value: (job) => countText(job.quietRuns), alignRight: true, importance: 3, label: "quiet" },
    {
      title: "TAKES",
      value: (job) => (job.runs === 0 ? "" : formatDurationMs(job.durationMs)),
      alignRight: true,
      importance: 3,
      label: "takes",
    },
    { title: "SHOWN", value: (job) => tokensText(job.shownTokens), alignRight: true, label: "shown" },
    { title: "READS", value: (job) => tokensText(job.inputTokens), alignRight: true, label: "reads" },
    { title: "WRITES", value: (job) => tokensText(job.outputTokens), alignRight: true, importance: 3, label: "writes" },
    { title: "COST", value: (job) => costText(job.costUsd), alignRight: true, importance: 2, label: "costs" },
  ];
}

export function runColumns(moments: Moments): Column<RehearsedRun>[] {
  return [
    { title: "RUN", value: (run) => run.run },
    { title: "BEGINS", value: (run) => (run.startedAt === null ? "" : moments.short(run.startedAt)) },
    {
      title: "TAKES",
      value: (run) =>
        run.startedAt === null || run.endedAt === null
          ? ""
          : formatDurationMs(Date.parse(run.endedAt) - Date.parse(run.startedAt)),
      alignRight: true,
      importance: 2,
    },
    {
      title: "WAITED",
      value: (run) => (run.waitedMs < 1_000 ? "" : formatDurationMs(run.waitedMs)),
      alignRight: true,
      importance: 3,
      label: "waited",
    },
    { title: "STATE", value: (run) => run.state, tone: (run) => toneOf(run.state) },
    { title: "SHOWN", value: (run) => tokensText(run.shownTokens), alignRight: true, label: "shown" },
    { title: "READS", value: (run) => tokensText(run.inputTokens), alignRight: true, importance: 2, label: "reads" },
    { title: "COST", value: (run) => costText(run.costUsd), alignRight: true, importance: 3, label: "costs" },
    { title: "ERROR", value: (run) => run.error ?? "", importance: 4, widthMin: 10, tone: () => "bad" },
  ];
}
