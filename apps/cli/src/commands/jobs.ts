/** `roost jobs …`: list, show, pause, resume, run and remove. Defining jobs: define-jobs.ts. */
import {
  describeTrigger,
  jobStates,
  type JobRecord,
  type JobVersionRecord,
  type TickRecord,
} from "@roost/contract/operations";
import { formatDurationMs, createId, parseDurationMs } from "@roost/base";
import type { Command } from "commander";
import type { CliContext } from "../cli-context.ts";
import { readHomeZone } from "../home-zone.ts";
import { describeFailing } from "../print/describe-alarms.ts";
import { noteUnreadable } from "../print/note-unreadable.ts";
import { describePostcondition } from "../print/describe-postcondition.ts";
import { parseOptionCount } from "../parse-option.ts";
import { formatCaps } from "../print/format-spend.ts";
import { formatPairs } from "../print/format-pairs.ts";
import { relativeTime } from "../print/relative-time.ts";
import { shortId } from "../print/short-id.ts";
import { toneOf } from "../print/create-paint.ts";
import type { Column } from "../print/table.ts";
import { plainLine, plainText } from "@roost/base/text-width";
import { readPages } from "../read-pages.ts";
import { showAnswer } from "./ask.ts";
import { refuseUnknownCommand } from "../help/refuse-unknown-command.ts";
import { requireVersion } from "./add-versions-command.ts";
import { renderJob } from "../jobs/render-job.ts";
import { addJobVersionCommands } from "./job-versions.ts";
import { addDefineJobsCommands } from "./define-jobs.ts";
import { addImportJobsCommand } from "./import-jobs.ts";

const jobsMax = 5000;

export function addJobsCommands(program: Command, context: CliContext): void {
  const jobs = program
    .command("jobs")
    .summary("manage scheduled and event-driven jobs")
    .description("Lists, shows and changes jobs.");
  addList(jobs, context);
  addShow(jobs, context);
  addDefineJobsCommands(jobs, context);
  addImportJobsCommand(jobs, context);
  addJobVersionCommands(jobs, context);
  addPause(jobs, context);
  addResume(jobs, context);
  addRun(jobs, context);
  addRemove(jobs, context);
}

function addList(jobs: Command, context: CliContext): void {
  jobs
    .command("list", { isDefault: true })
    .alias("ls")
    .description("Lists jobs with their next due time.")
    .option("-a, --all", "include removed jobs")
    .allowExcessArguments()
    .action(async ({ all }: { all?: boolean }, list: Command) => {
      refuseUnknownCommand(jobs, list.args[0]);
      const { terminal, clock } = context;
      const { client } = await context.connect();
      const rows = await readPages(async (page) => {
        const answer = await client.listJobs({ ...page, ...(all === true ? { state: [...jobStates] } : {}) });
        noteUnreadable(terminal, answer.unreadable);
        return answer;
      }, jobsMax);
      if (terminal.isJson) return terminal.json({ jobs: rows });
      const view = { nowMs: clock.nowMs(), timeZone: await readHomeZone(client) };
      terminal.table(rows, jobColumns(view), "There are no jobs: add one with roost jobs add");
    });
}

function addShow(jobs: Command, context: CliContext): void {
  jobs
    .command("show")
    .description("Shows a job with its last ticks.")
    .argument("<job>", "id of the job")
    .option("-n, --ticks <count>", "how many ticks to show", parseOptionCount, 10)
    .option("--yaml", "print its definition as a file for roost jobs apply")
    .option("--version <number>", "print this version of its definition as a file", parseOptionCount)
    .action(
      async (jobId: string, { ticks: count, yaml, version }: { ticks: number; yaml?: boolean; version?: number }) => {
        const { terminal, clock } = context;
        const { client } = await context.connect();
        if (version !== undefined) {
          const { items } = await client.listJobVersions({ jobId, version });
          return printDefinition(context, requireVersion(items, jobId, version));
        }
        const { job, ticks } = await client.getJob({ jobId });
        if (yaml === true) return terminal.write(renderJob({ id: job.id, ...job.definition }));
        const shown =
          count <= ticks.length
            ? ticks.slice(0, count)
            : await readPages((page) => client.listTicks({ jobId, ...page }), count);
        if (terminal.isJson) return terminal.json({ job, ticks: shown });
        printJob(context, job, await readHomeZone(client));
        terminal.line();
        terminal.table(shown, tickColumns(clock.nowMs()), "No ticks yet");
      },
    );
}

function printDefinition({ terminal }: CliContext, found: JobVersionRecord): void {
  if (terminal.isJson) return terminal.json({ version: found });
  terminal.write(renderJob({ id: found.jobId, ...found.definition }));
}

function printJob({ terminal, clock }: CliContext, job: JobRecord, timeZone: string): void {
  const nowMs = clock.nowMs();
  const { definition } = job;
  terminal.line(
    `${terminal.paint(plainLine(definition.title ?? job.id), "strong")}  ${terminal.paint(job.state, toneOf(job.state))}`,
  );
  const { budget, activeHours } = definition;
  const pairs: [string, string][] = [
    ["id", `${job.id}, version ${job.version}`],
    ["about", plainText(definition.description ?? "").trim()],
    ["when", describeTrigger(definition.trigger, { timeZone })],
    ["next", relativeTime(job.dueAt ?? job.nextAt, nowMs)],
    [
      "failing",
      job.failing === null
        ? ""
        : terminal.paint(`${describeFailing(job.failing, nowMs)}: ${plainLine(job.failing.reason)}`, "bad"),
    ],
    ["gathered", job.gatheredCount === 0 ? "" : `${job.gatheredCount} events`],
    ["paused", plainLine(job.pausedReason ?? "")],
    ["session", `${definition.session}, agent ${definition.agent}`],
    [
      "hours",
      activeHours === undefined ? "" : `${activeHours.start}–${activeHours.end} ${activeHours.timeZone ?? ""}`.trim(),
    ],
    [
      "rules",
      `overlap ${definition.overlap}, catch-up ${definition.catchUp.policy}, ${definition.retry.attemptsMax} attempt${definition.retry.attemptsMax === 1 ? "" : "s"}, ${formatDurationMs(definition.timeoutMs)} at most`,
    ],
    ["limits", limitsOf(definition)],
    ["tools", plainLine(definition.tools?.join(", ") ?? "")],
    ["budget", formatCaps(budget)],
    ["must", (definition.postconditions ?? []).map(describePostcondition).map(plainLine).join("; ")],
    ["running", job.activeRunIds.map(shortId).join(", ")],
    ["from", plainLine(job.source ?? "")],
    ["by", `${plainLine(job.definedBy)}, ${relativeTime(job.updatedAt, nowMs)}`],
    ["prompt", plainText(definition.prompt).trim()],
  ];
  for (const line of formatPairs(pairs, terminal)) terminal.line(line);
}

function limitsOf({ concurrency, rateLimit, priority, queue }: JobRecord["definition"]): string {
  return [
    concurrency === undefined ? "" : `${concurrency.max} at once${keyOf(concurrency.key)}`,
    rateLimit === undefined
      ? ""
      : `${rateLimit.max} per ${formatDurationMs(parseDurationMs(rateLimit.per))}${keyOf(rateLimit.key)}, excess ${rateLimit.excess === "skip" ? "skipped" : "waits"}`,
    priority === undefined ? "" : `priority ${priority}`,
    queue === undefined ? "" : `queue ${plainLine(queue)}`,
  ]
    .filter(Boolean)
    .join("; ");
}

function keyOf(key: string | undefined): string {
  return key === undefined ? "" : ` of ${plainLine(key)}`;
}

function addPause(jobs: Command, context: CliContext): void {
  jobs
    .command("pause")
    .description("Pauses a job until it is resumed. Active runs go on.")
    .argument("<job>", "id of the job")
    .option("--reason <text>", "reason to record")
    .action(async (jobId: string, { reason }: { reason?: string }) => {
      const { terminal } = context;
      const { client } = await context.connect();
      const answer = await client.pauseJob({ jobId, reason });
      if (terminal.isJson) return terminal.json(answer);
      terminal.line(terminal.named(`Paused ${jobId}; resume it with roost jobs resume ${jobId}`));
    });
}

function addResume(jobs: Command, context: CliContext): void {
  jobs
    .command("resume")
    .description("Resumes a paused job. Ticks that came due meanwhile are recorded as missed.")
    .argument("<job>", "id of the job")
    .action(async (jobId: string) => {
      const { client } = await context.connect();
      const answer = await client.resumeJob({ jobId });
      if (context.terminal.isJson) return context.terminal.json(answer);
      const next = relativeTime(answer.job.dueAt, context.clock.nowMs());
      context.terminal.line(`Resumed ${jobId}${next === "" ? "" : `; due ${next}`}`);
    });
}

interface RunOptions {
  key?: string;
  reason?: string;
  wait?: boolean;
}

function addRun(jobs: Command, context: CliContext): void {
  jobs
    .command("run")
    .description("Runs a job now, even when it is paused.")
    .argument("<job>", "id of the job")
    .option("-k, --key <key>", "idempotency key: a second call with the same key starts nothing")
    .option("--reason <text>", "reason to record")
    .option("-w, --wait", "watch the run until it ends")
    .action(async (jobId: string, { key, reason, wait }: RunOptions) => {
      const { terminal } = context;
      const { client } = await context.connect();
      const answer = await client.runJob({
        jobId,
        idempotencyKey: key ?? createId(),
        reason,
      });
      const { runId, outcome, reason: why } = answer.tick;
      if (wait === true && runId !== null) return showAnswer(context, client, runId);
      if (terminal.isJson) return terminal.json(answer);
      if (runId === null)
        return terminal.line(`${jobId} did not run: ${outcome}${why === null ? "" : `, ${plainLine(why)}`}`);
      terminal.line(`${answer.isRepeated ? "Already started" : "Started"}: ${runId}`);
      terminal.line(terminal.paint(terminal.named(`roost run watch ${runId}`), "dim"));
    });
}

function addRemove(jobs: Command, context: CliContext): void {
  jobs
    .command("remove")
    .alias("rm")
    .description("Removes a job. Its ticks and runs stay on record.")
    .argument("<job>", "id of the job")
    .action(async (jobId: string) => {
      const { client } = await context.connect();
      const answer = await client.removeJob({ jobId });
      if (context.terminal.isJson) return context.terminal.json(answer);
      context.terminal.line(`Removed ${jobId}`);
    });
}

function jobColumns({ nowMs, timeZone }: { nowMs: number; timeZone: string }): Column<JobRecord>[] {
  return [
    { title: "ID", value: (job) => job.id },
    {
      title: "STATE",
      value: (job) => (job.definition.enabled ? job.state : "disabled"),
      tone: (job) => toneOf(job.state),
    },
    { title: "WHEN", value: (job) => describeTrigger(job.definition.trigger, { timeZone }), widthMin: 9 },
    { title: "NEXT", value: (job) => relativeTime(job.dueAt ?? job.nextAt, nowMs), label: "due" },
    {
      title: "LAST",
      value: lastOf(nowMs),
      importance: 2,
      label: "last",
      tone: ({ failing }) => (failing === null ? "plain" : "bad"),
    },
    { title: "TITLE", value: (job) => job.definition.title ?? "", widthMin: 10, importance: 4 },
    {
      title: "FROM",
      value: ({ source, definedBy }) => source ?? definedBy,
      widthMin: 10,
      importance: 5,
      label: "from",
    },
  ];
}

function lastOf(nowMs: number): (job: JobRecord) => string {
  return ({ lastTick, activeRunIds, failing }) => {
    if (failing !== null) return describeFailing(failing, nowMs);
    if (activeRunIds.length > 0) return "running";
    return lastTick === null ? "" : `${lastTick.outcome} ${relativeTime(lastTick.scheduledAt, nowMs)}`;
  };
}

function tickColumns(nowMs: number): Column<TickRecord>[] {
  return [
    { title: "DUE", value: (tick) => relativeTime(tick.scheduledAt, nowMs) },
    { title: "OUTCOME", value: (tick) => tick.outcome, tone: (tick) => toneOf(tick.outcome) },
    {
      title: "LATE",
      value: (tick) => (tick.lateMs < 1000 ? "" : formatDurationMs(tick.lateMs)),
      importance: 3,
      label: "late",
    },
    {
      title: "MISSED",
      value: (tick) => (tick.missedCount === 0 ? "" : String(tick.missedCount)),
      importance: 4,
      alignRight: true,
      label: "missed",
    },
    { title: "REASON", value: (tick) => tick.reason ?? "", widthMin: 12, importance: 2 },
    { title: "RUN", value: (tick) => (tick.runId === null ? "" : shortId(tick.runId)), tone: () => "dim" },
  ];
}
