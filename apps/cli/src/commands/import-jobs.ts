/** `roost jobs import`: imports the jobs of an OpenClaw home; can be repeated. */
import { resolve } from "node:path";
import { momentsIn, RoostError, type JsonValue } from "@roost/base";
import {
  jobsPerApplyMax,
  jobStates,
  NamedJobDefinition,
  nameCharsMax,
  type JobRecord,
  type JobChange,
} from "@roost/contract/operations";
import { writtenFaults } from "@roost/jobs/files";
import type { Command } from "commander";
import type { CliContext } from "../cli-context.ts";
import type { RoostClient } from "../connect.ts";
import { readInput } from "../conversation/read-input.ts";
import { slugOf } from "../import/found/slug-of.ts";
import { agentsOf, readConfig } from "../import/openclaw/read-config.ts";
import { toAgentHere } from "../import/openclaw/to-agent-here.ts";
import {
  convertCronJob,
  jobIdHere,
  keepUnreadable,
  type ConvertedJob,
  type ConvertOptions,
} from "../jobs/import/convert-cron-job.ts";
import { listLeftBehind } from "../jobs/import/list-left-behind.ts";
import { readCronStore, type CronStoreFile } from "../jobs/import/read-cron-store.ts";
import { printChanges } from "../jobs/print-changes.ts";
import { plainLine } from "@roost/base/text-width";
import { readPages } from "../read-pages.ts";

const jobsMax = 5_000;
const agentsMax = 5_000;
/** Due times that differ by less count as equal: jitter and clock skew. */
const sameMomentMs = 1_000;

export interface ImportJobsOptions {
  dryRun?: boolean;
  removed?: boolean;
  timeZone?: string;
}

interface Imported extends ConvertedJob {
  /** As it was there, with its state and what has no place here. */
  original: JsonValue;
  /** Next due time in the OpenClaw home, if recorded. */
  nextAtMs: number | undefined;
}

export function addImportJobsCommand(jobs: Command, context: CliContext): void {
  jobs
    .command("import")
    .description(
      "Imports the jobs of an OpenClaw home: from the file of 2026.3, or from the database or exported list of later versions. The home is only read. A job that cannot be read is imported disabled; the others are not affected. Importing again brings in changes made there and keeps changes made here.",
    )
    .argument(
      "<path>",
      "the home (~/.openclaw), its database or jobs.json, or - for the output of openclaw automations list --all --json",
    )
    .option("--dry-run", "show what would change, and change nothing")
    .option("--time-zone <zone>", "time zone of crons that name none (default: this machine's)")
    .option("--removed", "restore jobs that were removed here")
    .action(async (path: string, options: ImportJobsOptions) => {
      const { terminal } = context;
      const { client } = await context.connect();
      const done = await importJobs(context, client, path, options);
      const { changes, imported, kept, leftBehind, refused, where } = done;
      const notes = imported.filter((each) => each.notes.length > 0);
      if (terminal.isJson)
        return terminal.json({
          dryRun: options.dryRun ?? false,
          changes,
          notes: notes.map(({ job, notes: ofJob }) => ({ jobId: job.id, notes: ofJob })),
          leftBehind,
          refused,
        });
      printChanges(terminal, changes, options.dryRun ?? false, titlesOf(imported));
      for (const line of groupNotes(notes)) terminal.note(plainLine(line), "warn");
      for (const line of refused) terminal.note(plainLine(line), "warn");
      for (const line of leftBehind) terminal.note(plainLine(`not imported: ${line}`), "warn");
      terminal.note(`${imported.length} jobs in ${plainLine(where)}, ${kept.length} imported`, "dim");
    });
}

export interface ImportedJobs {
  changes: JobChange[];
  imported: Imported[];
  /** Without those that were removed here. */
  kept: Imported[];
  leftBehind: string[];
  /** Stores of jobs that cannot be read, where others were taken. */
  refused: string[];
  /** The file or database. */
  where: string;
}

/** @throws RoostError when the jobs there cannot be read at all */
export async function importJobs(
  { clock, stdin }: CliContext,
  client: RoostClient,
  path: string,
  options: ImportJobsOptions,
): Promise<ImportedJobs> {
  const store = await readCronStore(path, { readInput: () => readInput(stdin) });
  const here = await readHere(client);
  const agentHere = await readAgents(client, path);
  const timeZone = readTimeZone(options.timeZone);
  const isZoneGiven = options.timeZone !== undefined;
  const imported = convertAll(store, { nowMs: clock.nowMs(), timeZone, isZoneGiven, agentHere, here });
  const isLeft = ({ job }: Imported) => here.get(job.id)?.state === "removed" && options.removed !== true;
  const kept = imported.filter((each) => !isLeft(each));
  const changes = await applyAll(client, kept, {
    source: `import:${store.path === "-" ? "-" : resolve(store.path)}`.slice(-nameCharsMax),
    dryRun: options.dryRun ?? false,
  });
  for (const each of imported) if (isLeft(each)) each.notes = ["it was removed here; restore it with --removed"];
  noteDifferences(changes, kept, { nowMs: clock.nowMs(), timeZone });
  const leftBehind = await listAllLeftBehind(path, store);
  return { changes, imported, kept, leftBehind, refused: store.refused, where: store.path };
}

function convertAll(
  { jobs, unreadable }: CronStoreFile,
  { here, ...options }: Omit<ConvertOptions, "here"> & { here: Map<string, JobRecord> },
): Imported[] {
  const converted = jobs.map((source): Imported => {
    const definition = here.get(jobIdHere(source.id))?.definition;
    const made = convertCronJob(source, { ...options, here: definition });
    const parsed = NamedJobDefinition.safeParse(made.job);
    // Jobs that the gateway would refuse are set apart here; otherwise it would refuse the whole set.
    const kept = parsed.success
      ? made
      : keepUnreadable(
          {
            id: source.id,
            name: source.name,
            reason: writtenFaults(parsed.error).join("; "),
            text: JSON.stringify(source.schedule),
          },
          made.job.prompt,
        );
    const original = JSON.parse(JSON.stringify(source)) as JsonValue;
    return { ...kept, original, nextAtMs: source.state?.nextRunAtMs };
  });
  const others = unreadable.map((each): Imported => ({
    ...keepUnreadable(each),
    original: JSON.parse(each.text),
    nextAtMs: undefined,
  }));
  return [...converted, ...others];
}

/** Applies the valid jobs, then keeps the others disabled. */
async function applyAll(
  client: RoostClient,
  imported: Imported[],
  options: { source: string; dryRun: boolean },
): Promise<JobChange[]> {
  const changes: JobChange[] = [];
  for (let start = 0; start < imported.length; start += jobsPerApplyMax) {
    const part = imported.slice(start, start + jobsPerApplyMax);
    const call = { ...options, partial: true, merge: true, prune: false };
    const answer = await client.applyJobs({ ...call, jobs: part.map(({ job }) => job) });
    changes.push(...answer.changes);
    for (const { index, reason } of answer.refused) {
      const refused = part[index];
      if (refused === undefined) continue;
      const { job } = refused;
      const text = JSON.stringify(job.trigger);
      const kept = keepUnreadable({ id: job.id, name: job.title, reason, text }, job.prompt);
      refused.job = kept.job;
      refused.notes.push(...kept.notes);
    }
    const again = answer.refused.flatMap(({ index }) => part[index] ?? []);
    if (again.length > 0)
      changes.push(...(await client.applyJobs({ ...call, jobs: again.map(({ job }) => job) })).changes);
  }
  return changes.toSorted((a, b) => (a.jobId < b.jobId ? -1 : 1));
}

/** Notes jobs changed on both sides, and jobs whose next due time differs. */
function noteDifferences(
  changes: readonly JobChange[],
  imported: readonly Imported[],
  { nowMs, timeZone }: { nowMs: number; timeZone: string },
): void {
  const byId = new Map(imported.map((each) => [each.job.id, each]));
  for (const { jobId, nextAt, kept } of changes) {
    const each = byId.get(jobId);
    if (each === undefined) continue;
    if (kept !== undefined) each.notes.push(`changed on both sides, kept as defined here: ${kept.join(", ")}`);
    if (nextAt === null || each.nextAtMs === undefined || each.nextAtMs <= nowMs) continue;
    const hereMs = Date.parse(nextAt) + (each.job.delayMs ?? 0);
    if (kept !== undefined || Math.abs(hereMs - each.nextAtMs) <= sameMomentMs) continue;
    const [here, there] = [hereMs, each.nextAtMs].map((ms) => new Date(ms).toISOString());
    const { trigger } = each.job;
    const zone = (trigger.kind === "cron" ? trigger.timeZone : undefined) ?? timeZone;
    each.notes.push(momentsIn(`due next at ${here} here, at ${there} there (${zone})`, zone));
  }
}

async function listAllLeftBehind(path: string, { internal, checklists }: CronStoreFile): Promise<string[]> {
  const lines = path === "-" ? [] : await listLeftBehind(path);
  if (checklists.length > 0)
    lines.unshift(
      `the heartbeat's prompt there replaces HEARTBEAT.md: ${JSON.stringify(checklists.join("\n"))}; copy it into HEARTBEAT.md`,
    );
  if (internal.length > 0) lines.unshift(`jobs that OpenClaw runs for itself: ${internal.join(", ")}`);
  return lines;
}

/** Ids there say nothing to a person: a title that only one job has is its name here. */
function titlesOf(imported: readonly Imported[]): Map<string, string> {
  const titles = imported.map(({ job }) => job.title);
  return new Map(
    imported.flatMap(({ job: { id, title } }) =>
      title === undefined || titles.filter((each) => each === title).length > 1 ? [] : [[id, title]],
    ),
  );
}

/** One line for a note that several jobs share. */
export function groupNotes(imported: readonly Imported[]): string[] {
  const titles = titlesOf(imported);
  const jobsOf = new Map<string, string[]>();
  for (const { job, notes } of imported)
    for (const note of notes) jobsOf.set(note, [...(jobsOf.get(note) ?? []), titles.get(job.id) ?? job.id]);
  return [...jobsOf].map(([note, ids]) => `${ids.join(", ")}: ${note}`);
}

function readTimeZone(given: string | undefined): string {
  const zone = given ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
  try {
    return new Intl.DateTimeFormat("en", { timeZone: zone }).resolvedOptions().timeZone;
  } catch (cause) {
    throw new RoostError("invalid_input", `"${zone}" is not a time zone: use a name like Europe/Berlin`, { cause });
  }
}

/** By the config of the home: its main agent is main here. Undefined without one that can be read: nobody knows which agents there are. */
async function readAgents(client: RoostClient, path: string): Promise<ConvertOptions["agentHere"]> {
  const config = path === "-" ? "none" : await readConfig(path);
  if (typeof config === "string" || config.agents === undefined) return undefined;
  const here = await readPages((page) => client.listAgents({ ...page }), agentsMax);
  const known = new Set([
    "main",
    ...here.map(({ id }) => id),
    ...agentsOf(config).map(({ id }) => toAgentHere(id, config)),
  ]);
  return (id) => [toAgentHere(id, config), slugOf(id)].find((name) => known.has(name));
}

async function readHere(client: RoostClient): Promise<Map<string, JobRecord>> {
  const rows = await readPages((page) => client.listJobs({ ...page, state: [...jobStates] }), jobsMax);
  return new Map(rows.map((job) => [job.id, job]));
}
