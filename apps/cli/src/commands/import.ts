/** `roost import DIR`: moves another home in. Reads it, sends it to the gateway, and says what became of each thing. */
import { resolve } from "node:path";
import { storableValue, toRoostError } from "@roost/base";
import { plainLine } from "@roost/base/text-width";
import { importActions, limitReport, nameCharsMax, type ImportReport } from "@roost/contract/operations";
import { Option, type Command } from "commander";
import type { CliContext } from "../cli-context.ts";
import type { Connection, RoostClient } from "../connect.ts";
import { recordOf, type Finding } from "../import/found/found.ts";
import { detectSource, sourceKinds, type DetectedSource } from "../import/detect-source.ts";
import { convertSettings } from "../import/openclaw/convert-settings.ts";
import { readConfig } from "../import/openclaw/read-config.ts";
import { takeSettings, type TakeSettingsOptions } from "../import/take-settings.ts";
import { takeParts, takeWholeJobs } from "../import/take-parts.ts";
import { takeRows } from "../import/take-rows.ts";
import { writeBack, type WriteBack } from "../import/write-back.ts";
import { countOne, emptyReport, sendRecords, type GatheredReport } from "../import/send-records.ts";
import type { Terminal } from "../print/create-terminal.ts";
import { groupNotes, importJobs, type ImportedJobs } from "./import-jobs.ts";

interface ImportCommandOptions {
  dryRun?: boolean;
  as?: DetectedSource["kind"] | undefined;
  replace?: boolean;
  removed?: boolean;
  adopt?: boolean;
  timeZone?: string;
}

const linesShown = 20;
const takenWhole =
  "It is taken as your own word: its settings, hooks, services, jobs, grants and marks are in force here. Import only an export that you made";

export function addImportCommand(program: Command, context: CliContext): void {
  program
    .command("import")
    .summary("move another home in: OpenClaw, Claude Code, Codex, a folder")
    .description(
      "Takes over another home: files, skills, jobs, conversations, logs of runs. Finds out what it is. The home is only read. Importing again brings in what changed there and keeps what was changed here; after an interruption it goes on where it was.",
    )
    .argument(
      "<directory>",
      "~/.openclaw, ~/.claude, ~/.codex, a repository with CLAUDE.md or AGENTS.md, or a folder of Markdown",
    )
    .option("--dry-run", "show what would happen, and change nothing")
    .addOption(new Option("--as <kind>", "treat it as this kind").choices(sourceKinds))
    .option("--replace", "use theirs where both sides changed, or where another file has the name")
    .option("--removed", "bring back what was removed here")
    .option("--adopt", "write what was changed only here back to the source; without it the source is never written")
    .option("--time-zone <zone>", "time zone of crons that name none (default: this machine's)")
    .action(async (directory: string, options: ImportCommandOptions) => {
      const { terminal } = context;
      const root = resolve(directory);
      const source = await detectSource(root, options.as);
      const connection = await context.connect();
      const { client } = connection;
      terminal.note(`${plainLine(root)} is ${source.title}`, "dim");
      if (source.kind === "roost") terminal.note(takenWhole, "warn");
      const report = await runImport(context, connection, { root, source, options });
      if (options.dryRun !== true) await client.finishImport({ source: sourceName(source, root), report });
      print(terminal, report, options.dryRun ?? false);
    });
}

function sourceName({ kind }: DetectedSource, root: string): string {
  return `${kind}:${root}`.slice(-nameCharsMax);
}

async function runImport(
  context: CliContext,
  connection: Connection,
  { root, source, options }: { root: string; source: DetectedSource; options: ImportCommandOptions },
): Promise<ImportReport> {
  const { terminal, clock } = context;
  const { client } = connection;
  using progress = terminal.progress(`reading ${plainLine(root)}`);
  const onlyHere: WriteBack[] = [];
  const isWholeHome = source.kind === "roost";
  const isDryRun = options.dryRun ?? false;
  const parts = emptyReport();
  if (isWholeHome && !isDryRun) await takeParts(client, root, parts);
  const jobs = emptyReport();
  const ofWhole = { isDryRun, taken: new Set<string>(), report: jobs };
  const takeDefined = () => takeWholeJobs(client, root, { ...ofWhole, isBeforeFiles: true });
  let isWaiting = isWholeHome && (await takeDefined());
  const terms = {
    source: sourceName(source, root),
    isDryRun,
    isWholeHome,
    replaces: options.replace ?? false,
    restores: options.removed ?? false,
  };
  const gathered = await sendRecords(client, source.read(), {
    ...terms,
    onOnlyHere: (record, outcome, origin) => onlyHere.push({ record, outcome, origin }),
    onProgress: (count, last) => progress.update(`${count} records, at ${plainLine(last)}`),
  });
  if (options.adopt === true && options.dryRun !== true) await writeAllBack(client, onlyHere, gathered);
  if (source.kind === "openclaw") {
    const keep = (originals: Finding) => sendRecords(client, originals, { ...terms, onProgress: () => undefined });
    await takeJobs(context, client, { root, options, report: jobs, keep });
  }
  if (source.kind === "openclaw") await takeConfig(client, root, { ...terms, report: jobs });
  const onProgress = (text: string) => progress.update(plainLine(text));
  // Those that wait for events of a service, before the rows that it takes make some.
  const onRunning = async () => {
    if (isWaiting) isWaiting = await takeDefined();
  };
  if (isWholeHome) await takeRows(connection, root, { report: jobs, isDryRun, clock, onProgress, onRunning });
  if (isWholeHome) await takeWholeJobs(client, root, { ...ofWhole, isBeforeFiles: false });
  const report = { kind: source.title, from: root, ...joined(joined(parts, gathered), jobs) };
  // What it names may be of any characters.
  return limitReport(storableValue(report) as unknown as typeof report);
}

async function writeAllBack(client: RoostClient, all: readonly WriteBack[], report: GatheredReport): Promise<void> {
  for (const each of all) {
    const problem = await writeBack(client, each).catch((error: Error) => error.message);
    const name = each.record.ref;
    if (problem === undefined) report.notes.push(clip(`${name}: written back as it is here`));
    else report.refused.push({ name, reason: clip(`not written back: ${problem}`) });
  }
}

/** A file that cannot be read is named by the reader of the home. */
async function takeConfig(client: RoostClient, root: string, options: TakeSettingsOptions): Promise<void> {
  const config = await readConfig(root);
  if (typeof config !== "string") await takeSettings(client, convertSettings(config), options);
}

interface TakeJobs {
  root: string;
  options: ImportCommandOptions;
  report: GatheredReport;
  /** Keeps beside the import what the jobs were there. */
  keep(originals: Finding): Promise<GatheredReport>;
}

/** Jobs that cannot be read as a whole cost themselves alone. */
async function takeJobs(
  context: CliContext,
  client: RoostClient,
  { root, options, report, keep }: TakeJobs,
): Promise<void> {
  try {
    const done = await importJobs(context, client, root, options);
    for (const { change, kept } of done.changes) {
      countOne(report, "job", kept !== undefined ? "kept" : change === "unchanged" ? "same" : change);
    }
    report.notes.push(...groupNotes(done.imported.filter(({ notes }) => notes.length > 0)).map(clip));
    report.refused.push(...done.refused.map((line) => ({ name: "jobs", reason: clip(line) })));
    report.noPlace.push(
      ...done.leftBehind
        .filter((line) => line.startsWith("jobs "))
        .map((line) => ({ name: "jobs", reason: clip(line) })),
    );
    Object.assign(report, joined(report, await keep(originalsOf(done))));
  } catch (error) {
    const { code, message } = toRoostError(error);
    if (code === "unavailable" || code === "unauthenticated") throw error;
    if (code === "not_found") report.notes.push("there are no jobs");
    else report.refused.push({ name: "jobs", reason: clip(message) });
  }
}

async function* originalsOf({ imported }: ImportedJobs): Finding {
  for (const { job, original } of imported)
    yield recordOf({ kind: "kept", ref: `job ${job.id}`, what: "job", record: original });
}

function clip(text: string): string {
  return text.slice(0, 1_000).toWellFormed();
}

function joined(left: GatheredReport, right: GatheredReport): GatheredReport {
  return {
    counts: addedUp(left.counts, right.counts),
    refused: [...left.refused, ...right.refused],
    kept: [...left.kept, ...right.kept],
    noPlace: [...left.noPlace, ...right.noPlace],
    secrets: [...left.secrets, ...right.secrets],
    notes: [...left.notes, ...right.notes],
    leftOut: left.leftOut + right.leftOut,
  };
}

function addedUp(left: GatheredReport["counts"], right: GatheredReport["counts"]): GatheredReport["counts"] {
  const kinds = [...new Set([...Object.keys(left), ...Object.keys(right)])];
  return Object.fromEntries(
    kinds.map((kind) => {
      const [ours = {}, theirs = {}] = [left[kind], right[kind]];
      const sums = importActions.map((action) => [action, (ours[action] ?? 0) + (theirs[action] ?? 0)] as const);
      return [kind, Object.fromEntries(sums.filter(([, count]) => count > 0))];
    }),
  );
}

const wording: Record<(typeof importActions)[number], { done: string; would: string }> = {
  created: { done: "created", would: "would be created" },
  changed: { done: "changed", would: "would be changed" },
  same: { done: "unchanged", would: "unchanged" },
  kept: { done: "kept as they are here", would: "would be kept as they are here" },
  removed: { done: "removed here before", would: "removed here before" },
  beside: { done: "beside another of the name", would: "would stand beside another of the name" },
  refused: { done: "refused", would: "refused" },
};

function print(terminal: Terminal, report: ImportReport, isDryRun: boolean): void {
  if (terminal.isJson) return terminal.json({ dryRun: isDryRun, ...report });
  for (const [kind, counts] of Object.entries(report.counts)) {
    const told = importActions.flatMap((action) => {
      const count = counts[action] ?? 0;
      return count === 0 ? [] : [`${count} ${wording[action][isDryRun ? "would" : "done"]}`];
    });
    terminal.line(`${(names[kind] ?? kind).padEnd(12)} ${told.join(", ")}`);
  }
  if (Object.keys(report.counts).length === 0) terminal.line("nothing was found");
  list(terminal, "refused", report.refused);
  list(terminal, "kept here", report.kept);
  list(terminal, "stays there, it is secret", report.secrets);
  list(terminal, "no place here", report.noPlace);
  for (const note of report.notes.slice(0, linesShown)) terminal.note(plainLine(note), "warn");
  const more = report.notes.length - linesShown + report.leftOut;
  if (more > 0) terminal.note(`${more} more remarks: --json, or roost log tail --type import.done`, "dim");
  terminal.note(
    isDryRun ? "Nothing was changed" : "roost recall finds what came in; docs/importing.md says what goes where",
    "dim",
  );
}

const names: Readonly<Record<string, string>> = {
  file: "files",
  session: "sessions",
  message: "messages",
  kept: "kept as is",
  job: "jobs",
  setting: "settings",
};

function list(terminal: Terminal, title: string, lines: ImportReport["refused"]): void {
  for (const { name, reason } of lines.slice(0, linesShown))
    terminal.note(plainLine(`${title}: ${name}: ${reason}`), "warn");
  if (lines.length > linesShown) terminal.note(`${title}: ${lines.length - linesShown} more`, "warn");
}
