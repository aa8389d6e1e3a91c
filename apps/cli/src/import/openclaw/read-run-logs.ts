/** What the log of runs says: one conversation for each job, one message for each run. */
import { formatDurationMs } from "@roost/base";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { apart } from "../found/apart.ts";
import { entriesOf } from "../found/entries-of.ts";
import { slugOf } from "../found/slug-of.ts";
import { createMovedConversation, timeOf, type MovedConversation } from "../found/moved-conversation.ts";
import { noteOf, recordOf, refusedAs, type Finding } from "../found/found.ts";
import { placeIn, readJsonLines } from "../found/read-json-lines.ts";
import { openDatabaseCopy, type OpenCopy } from "./open-database-copy.ts";

type Run = Record<string, unknown>;

export async function* readRunLogs(home: string): Finding {
  const folder = join(home, "cron", "runs");
  for (const name of await entriesOf(folder))
    if (name.endsWith(".jsonl")) yield* apart(`cron/runs/${name}`, readFileLog(home, name));
  await using state = await openState(home);
  if (state === undefined) return;
  const where = "state/openclaw.sqlite";
  if (state.hasTable("task_runs")) yield* apart(`${where} task_runs`, readDatabaseLog(state));
  if (state.hasTable("cron_job_scratch")) yield* apart(`${where} cron_job_scratch`, readScratch(state));
}

async function* readFileLog(home: string, name: string): Finding {
  const jobId = name.slice(0, -".jsonl".length);
  let log: MovedConversation | undefined;
  for await (const entry of readJsonLines(join(home, "cron", "runs", name), { within: home })) {
    if ("problem" in entry) {
      yield refusedAs(placeIn(`cron/runs/${name}`, entry), entry.problem);
      continue;
    }
    if (log === undefined) yield (log = begin(jobId, entry.value)).session();
    yield log.say(toMessage(`${entry.seq}`, entry.value));
  }
}

async function* readDatabaseLog({ database }: OpenCopy): Finding {
  const rows = database
    .prepare("select * from task_runs where runtime = 'cron' order by source_id, created_at, task_id")
    .iterate();
  let log: { jobId: string; made: MovedConversation } | undefined;
  for (const row of rows) {
    const jobId = String(row["source_id"] ?? "unknown");
    const { detail_json: detail, ...fields } = row;
    const run = { ...fields, ...parse(detail) };
    if (log?.jobId !== jobId) {
      log = { jobId, made: begin(jobId, run) };
      yield log.made.session();
    }
    yield log.made.say(toMessage(String(row["task_id"]), run));
  }
}

/** The checklist of the heartbeat moved there from HEARTBEAT.md. */
async function* readScratch({ database }: OpenCopy): Finding {
  const rows = database
    .prepare(
      "select job_id, content from cron_job_scratch where content is not null order by updated_at_ms desc, job_id",
    )
    .all()
    .filter((row) => String(row["content"]).trim() !== "");
  for (const [index, row] of rows.entries()) {
    const path = index === 0 ? "HEARTBEAT.md" : `workspace/heartbeat-${slugOf(String(row["job_id"]))}.md`;
    yield recordOf({
      kind: "file",
      ref: `scratch ${String(row["job_id"])}`,
      path,
      text: `${String(row["content"]).trimEnd()}\n`,
    });
    yield noteOf(`the heartbeat's scratch of ${String(row["job_id"])} comes in as ${path}`);
  }
}

async function openState(home: string): Promise<OpenCopy | undefined> {
  const path = join(home, "state", "openclaw.sqlite");
  if ((await stat(path).catch(() => undefined)) === undefined) return undefined;
  // A broken one is told where jobs are read.
  return openDatabaseCopy(path).catch(() => undefined);
}

function begin(jobId: string, first: Run): MovedConversation {
  return createMovedConversation({
    program: "openclaw",
    name: `runs/${jobId}`,
    key: `cron:openclaw:runs:${jobId}`,
    sessionKind: "cron",
    agent: "main",
    title: `Runs of ${jobId} (OpenClaw)`,
    createdAt: runTime(first) ?? new Date(0).toISOString(),
  });
}

function toMessage(entryId: string, run: Run) {
  const { status, error, summary, durationMs, label } = run;
  const said = [summary, run["terminal_summary"], error].filter((each) => typeof each === "string" && each !== "");
  const took = typeof durationMs === "number" ? `, ${formatDurationMs(durationMs)}` : "";
  const name = typeof label === "string" ? ` of ${label}` : "";
  return {
    entryId,
    place: "answered" as const,
    role: "assistant" as const,
    text: [`[run${name}: ${String(status ?? "finished")}${took}]`, ...said].join("\n"),
    content: { provider: String(run["provider"] ?? "openclaw"), model: String(run["model"] ?? "unknown") },
    at: runTime(run),
    // What it read is unknown.
    isOutside: true,
    kept: run,
  };
}

function runTime(run: Run): string | undefined {
  return timeOf(run["runAtMs"] ?? run["ts"] ?? run["started_at"] ?? run["created_at"]);
}

function parse(text: unknown): Run {
  try {
    return typeof text === "string" ? ((JSON.parse(text) as Run | null) ?? {}) : {};
  } catch {
    return {};
  }
}
