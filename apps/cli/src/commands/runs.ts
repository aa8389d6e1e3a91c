/** `roost runs`: lists runs, newest first. */
import { formatDurationMs } from "@roost/base";
import { tellReason } from "@roost/contract/describe-event";
import { runStates, sessionKinds, type RunSummary } from "@roost/contract/operations";
import { Option, type Command } from "commander";
import type { CliContext } from "../cli-context.ts";
import { parseOptionLimit } from "../parse-option.ts";
import { formatSpend } from "../print/format-spend.ts";
import { relativeTime } from "../print/relative-time.ts";
import { shortId } from "../print/short-id.ts";
import { toneOf } from "../print/create-paint.ts";
import type { Column } from "../print/table.ts";
import { readPages } from "../read-pages.ts";

interface RunsOptions {
  state?: (typeof runStates)[number][];
  job?: string;
  session?: string;
  kind?: (typeof sessionKinds)[number];
  last: number;
}

export function addRunsCommand(program: Command, context: CliContext): void {
  program
    .command("runs")
    .summary("list runs, newest first")
    .description(
      "Lists runs, newest first. Wherever a command takes a run, the end of its id is enough, and last means the newest.",
    )
    .addOption(new Option("--state <state...>", "only these states").choices(runStates))
    .option("--job <id>", "only this job")
    .option("--session <key>", "only this session")
    .addOption(new Option("--kind <kind>", "only sessions of this kind").choices(sessionKinds))
    .option("-n, --last <count>", "how many to list", parseOptionLimit, 30)
    .action(async (options: RunsOptions) => {
      const { terminal, clock } = context;
      const { client } = await context.connect();
      const filter = {
        state: options.state,
        jobId: options.job,
        sessionKey: options.session,
        sessionKind: options.kind,
      };
      const runs = await readPages((page) => client.listRuns({ ...filter, ...page }), Math.max(1, options.last));
      // Without runs the name may be misspelt: not_found then.
      if (runs.length === 0 && options.job !== undefined) await client.getJob({ jobId: options.job });
      if (runs.length === 0 && options.session !== undefined)
        await client.getSession({ sessionKey: options.session, limit: 1 });
      if (terminal.isJson) return terminal.json({ runs });
      terminal.table(runs, runColumns(clock.nowMs()), isFiltered(options) ? "No run matches" : "There are no runs yet");
    });
}

function runColumns(nowMs: number): Column<RunSummary>[] {
  return [
    { title: "TITLE", value: (run) => run.title, widthMin: 14 },
    { title: "STATE", value: (run) => run.state, tone: (run) => toneOf(run.state) },
    { title: "CREATED", value: (run) => relativeTime(run.createdAt, nowMs), tone: () => "dim" },
    { title: "TOOK", value: durationOf, importance: 3, label: "took", tone: () => "dim" },
    { title: "WHY", value: (run) => run.error?.message ?? tellReason(run.reason), widthMin: 12, importance: 2 },
    { title: "SPENT", value: formatSpend, importance: 4, alignRight: true },
    { title: "ID", value: (run) => shortId(run.id), tone: () => "dim" },
  ];
}

function isFiltered({ state, job, session, kind }: RunsOptions): boolean {
  return [state, job, session, kind].some((wanted) => wanted !== undefined);
}

export function durationOf({ startedAt, endedAt }: RunSummary): string {
  return startedAt === null || endedAt === null ? "" : formatDurationMs(Date.parse(endedAt) - Date.parse(startedAt));
}
