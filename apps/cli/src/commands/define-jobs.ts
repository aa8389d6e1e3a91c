/** `roost jobs add`, `edit` and `apply`: define and change jobs. */
import { isAbsolute, relative, resolve } from "node:path";
import { createInterface } from "node:readline/promises";
import { RoostError, toRoostError } from "@roost/base";
import { nameCharsMax, overlapPolicies, type JobRecord } from "@roost/contract/operations";
import { Option, type Command } from "commander";
import type { CliContext } from "../cli-context.ts";
import type { RoostClient } from "../connect.ts";
import { readHomeZone } from "../home-zone.ts";
import { readInput } from "../conversation/read-input.ts";
import { editText } from "../jobs/edit-text.ts";
import { jobFromOptions, type JobOptions } from "../jobs/job-from-options.ts";
import { printChanges } from "../jobs/print-changes.ts";
import { renderJob } from "../jobs/render-job.ts";
import { parseJobs, readJobFiles, type WrittenJob } from "../jobs/read-job-files.ts";
import {
  collectOption,
  parseOptionAmount,
  parseOptionCount,
  parseOptionDuration,
  parseOptionNumber,
} from "../parse-option.ts";
import type { Terminal } from "../print/create-terminal.ts";
import { relativeTime } from "../print/relative-time.ts";
import { plainText } from "@roost/base/text-width";

export function addDefineJobsCommands(jobs: Command, context: CliContext): void {
  addAdd(jobs, context);
  addEdit(jobs, context);
  addApply(jobs, context);
}

function addAdd(jobs: Command, context: CliContext): void {
  const add = jobs
    .command("add")
    .description("Adds a job from options or a file. Without a trigger it runs only on request.")
    .argument("[job]", "id of the job: lower-case letters, digits, dots, - and _")
    .option("--cron <expression>", "schedule: five or six cron fields, or a name like @hourly")
    .option("--every <duration>", "schedule: repeat at this interval, as in 20m")
    .option("--at <moment>", "schedule: once, as in 2025-06-01T09:00 in the home's time zone, or 20m from now")
    .option("--on <type>", "run on each event of this type, as in run.failed")
    .option(
      "--filter <path=value>",
      "with --on: only events whose data has this value, as in jobId=blog; may be repeated",
      collectOption,
    )
    .option(
      "--debounce <quiet[,most]>",
      "with --on: gather events into one run, which starts when none has come for 2m, or 10m after the first",
    )
    .option("--batch <count,age>", "with --on: one run for 50 events, or for fewer after 10m: 50,10m")
    .option("--time-zone <name>", "of --cron and --active-hours, as in Europe/Berlin (default: the home's)")
    .option("-p, --prompt <text>", "prompt for its runs; - reads it from stdin")
    .option("--title <text>", "title shown to people")
    .option("--agent <name>", "agent that runs it (default: main)")
    .addOption(
      new Option("--session <kind>", "session kind, which decides what its runs may read (default: cron)").choices([
        "main",
        "cron",
        "heartbeat",
      ]),
    )
    .addOption(new Option("--overlap <policy>", "when it is due during a run (default: skip)").choices(overlapPolicies))
    .addOption(
      new Option("--catch-up <policy>", "ticks missed while Roost was down (default: last)").choices([
        "skip",
        "last",
        "all",
      ]),
    )
    .option("--timeout <duration>", "time limit of a run (default: 30m)", parseOptionDuration)
    .option("--jitter <duration>", "random delay up to this, to spread load", parseOptionDuration)
    .option("--attempts <count>", "attempts per run, the first included (default: 1)", parseOptionCount)
    .option("--active-hours <from-to>", "run only in these hours, as in 08:00-22:00")
    .option("--tool <name>", "allow only this tool; may be repeated", collectOption)
    .option("--model <name>", "model to use")
    .option("--input <file=age>", "state file and the age at which it is stale; may be repeated", collectOption)
    .addOption(
      new Option(
        "--on-unknown <policy>",
        "when an effect's outcome is unknown: tell the agent, or wait for you",
      ).choices(["tell", "wait"]),
    )
    .option("--disabled", "define it without scheduling it")
    .option("-f, --file <path>", "read it from a YAML or JSON file; - reads stdin")
    .option("--replace", "replace an existing job with this id");
  addLimitOptions(add).action(async (id: string | undefined, options: AddOptions) => {
    const written = await readWritten(context, id, options);
    const { client } = await context.connect();
    const { id: jobId, ...definition } = written;
    const answer = await client
      .defineJob({ jobId, ...definition, ...(options.replace === true ? {} : { expectedVersion: 0 }) })
      .catch((error: unknown) => {
        throw explainConflict(
          error,
          `job "${jobId}" already exists: change it with roost jobs edit ${jobId}, or add --replace`,
        );
      });
    if (context.terminal.isJson) return context.terminal.json(answer);
    tellDefined(context, answer.job, answer.change);
  });
}

function addLimitOptions(add: Command): Command {
  return add
    .option(
      "--must <what>",
      "fail the run unless it produced this: event=TYPE, state=NAME, state=NAME:KEY, file=PATH, tool=NAME; may be repeated",
      collectOption,
    )
    .option("--concurrency <count[,key]>", "runs at once, per job or per key: 2 or 2,mail:{event.data.box}")
    .option("--rate <count/time[,key]>", "starts per period, per job or per key: 5/1h or 5/1h,api")
    .addOption(
      new Option("--over-rate <policy>", "what to do above the rate (default: wait)").choices(["wait", "skip"]),
    )
    .option("--priority <number>", "higher runs first (default: 0)", parseOptionNumber)
    .option("--queue <name>", "queue for its runs (default: default)")
    .option("--budget-usd <amount>", "spending cap of a run, in USD", parseOptionAmount)
    .option("--budget-tokens <count>", "token cap of a run", parseOptionCount)
    .option("--budget-calls <count>", "model call cap of a run, over all attempts", parseOptionCount);
}

interface AddOptions extends JobOptions {
  file?: string;
  replace?: boolean;
}

async function readWritten(context: CliContext, id: string | undefined, options: AddOptions): Promise<WrittenJob> {
  if (options.file !== undefined) return await fromFile(context, id, options.file);
  if (id === undefined)
    throw new RoostError("invalid_input", "a job needs an id: roost jobs add ID --every 20m --prompt TEXT");
  const prompt = options.prompt === "-" ? (await readInput(context.stdin)).trim() : options.prompt;
  const timeZone = options.at === undefined ? "UTC" : await readHomeZone((await context.connect()).client);
  const given = { ...options, ...(prompt === undefined ? {} : { prompt }) };
  const [job] = parseJobs(JSON.stringify(jobFromOptions(id, given, { clock: context.clock, timeZone })), "the options");
  return job as WrittenJob;
}

async function fromFile({ stdin }: CliContext, id: string | undefined, path: string): Promise<WrittenJob> {
  const jobs = await readJobFiles(path, stdin);
  const found = id === undefined ? jobs : jobs.filter((job) => job.id === id);
  if (found.length === 1) return found[0] as WrittenJob;
  throw new RoostError(
    "invalid_input",
    found.length === 0
      ? `${path} has no job${id === undefined ? "" : ` "${id}"`}`
      : `${path} has ${jobs.length} jobs: name one, or use roost jobs apply ${path}`,
  );
}

function tellDefined({ terminal, clock }: CliContext, job: JobRecord, change: string): void {
  const next = relativeTime(job.dueAt ?? job.nextAt, clock.nowMs());
  const due = next === "" ? "" : `, due ${next}`;
  terminal.line(
    change === "unchanged" ? `${job.id} is unchanged` : `${job.id} is ${change} (version ${job.version}${due})`,
  );
  if (change !== "unchanged") noteSource(terminal, job);
}

/** A file is applied again when it changes, and then replaces what was changed by command. */
export function noteSource(terminal: Terminal, { id, source }: JobRecord): void {
  if (source === null || source.startsWith("import:") || !/\.(?:ya?ml|json)$/.test(source)) return;
  terminal.note(
    `${source} still has its earlier definition, which replaces this one once that file changes. To keep this one, write it there: ${terminal.named(`roost jobs show ${id} --yaml`)}`,
    "warn",
  );
}

function explainConflict(thrown: unknown, message: string): RoostError {
  const error = toRoostError(thrown);
  return error.code === "conflict" ? new RoostError("conflict", message, { cause: error }) : error;
}

function addEdit(jobs: Command, context: CliContext): void {
  jobs
    .command("edit")
    .description(
      "Opens a job's definition as YAML in VISUAL or EDITOR and applies it, unless the job changed in the meantime.",
    )
    .argument("<job>", "id of the job")
    .action(async (jobId: string) => {
      const { client } = await context.connect();
      const { job } = await client.getJob({ jobId });
      const { editor, environment } = context.config;
      const before = `# ${job.id}, version ${job.version}. Save and close to apply; close without changes to keep it.\n${renderJob(job.definition)}`;
      const edited = await editText(before, { name: `${jobId}.yaml`, editor, environment });
      for (;;) {
        const text = await edited.edit();
        if (text === before) {
          await edited.remove();
          context.terminal.note("Nothing was changed", "dim");
          return;
        }
        try {
          const answer = await applyEdited(client, job, text, edited.path);
          await edited.remove();
          if (context.terminal.isJson) context.terminal.json(answer);
          else tellDefined(context, answer.job, answer.change);
          return;
        } catch (thrown) {
          const error = toRoostError(thrown);
          if (error.code === "invalid_input" && (await wantsToGoOn(context, error.message))) continue;
          throw new RoostError(error.code, `${error.message}\nYour text is kept in ${edited.path}`, { cause: error });
        }
      }
    });
}

async function applyEdited(client: RoostClient, job: JobRecord, text: string, path: string) {
  const [written, ...more] = parseJobs(withId(text, job.id), path);
  if (written === undefined || more.length > 0)
    throw new RoostError("invalid_input", `${path} must hold the definition of one job`);
  if (written.id !== job.id)
    throw new RoostError(
      "invalid_input",
      `a job's id cannot change ("${job.id}" to "${written.id}"): add a new job with roost jobs add`,
    );
  const { id: _id, ...definition } = written;
  return client.defineJob({ jobId: job.id, ...definition, expectedVersion: job.version }).catch((error: unknown) => {
    throw explainConflict(
      error,
      `job "${job.id}" has changed since version ${job.version}: check roost jobs show ${job.id} --yaml and edit it again`,
    );
  });
}

function withId(text: string, id: string): string {
  return /^id:/m.test(text) ? text : `id: ${JSON.stringify(id)}\n${text}`;
}

async function wantsToGoOn({ terminal, stdin }: CliContext, problem: string): Promise<boolean> {
  if (!terminal.isInteractive) return false;
  terminal.note(plainText(problem), "bad");
  const input = createInterface({ input: stdin, output: process.stderr });
  try {
    const answer = await input.question("Edit it again? [Y/n] ");
    return !/^n/i.test(answer.trim());
  } finally {
    input.close();
  }
}

interface ApplyOptions {
  dryRun?: boolean;
  prune?: boolean;
  source?: string;
}

function addApply(jobs: Command, context: CliContext): void {
  jobs
    .command("apply")
    .description("Applies the jobs of a YAML or JSON file or directory: all of them or none.")
    .argument("<path>", "a file, a directory, or - for stdin")
    .option("--dry-run", "show what would change, and change nothing")
    .option("--prune", "remove jobs that this source defined before and no longer does")
    .option("--source <name>", "name of the source (default: the path)")
    .action(async (path: string, options: ApplyOptions) => {
      const { terminal } = context;
      const written = await readJobFiles(path, context.stdin);
      if (written.length === 0) terminal.note(`${path} has no job`, "warn");
      const { client } = await context.connect();
      const answer = await client.applyJobs({
        jobs: written,
        source: options.source ?? nameSource(path, context.config.homeDir),
        dryRun: options.dryRun ?? false,
        prune: options.prune ?? false,
      });
      if (terminal.isJson) return terminal.json(answer);
      printChanges(terminal, answer.changes, answer.dryRun);
    });
}

/** Gives a file the same source name from every working directory: inside the home, its path relative to the home. */
function nameSource(path: string, homeDir: string): string {
  if (path === "-") return "stdin";
  const inHome = relative(homeDir, resolve(path));
  const name = inHome === "" || inHome.startsWith("..") || isAbsolute(inHome) ? resolve(path) : inHome;
  return name.slice(-nameCharsMax);
}
