/** `roost jobs add`, `edit` and `apply`: how jobs come to be and change. */
import { isAbsolute, relative, resolve } from "node:path";
import { createInterface } from "node:readline/promises";
import { RoostError, toRoostError } from "@roost/base";
import { nameCharsMax, overlapPolicies, type Job } from "@roost/contract/operations";
import { Option, type Command } from "commander";
import { stringify } from "yaml";
import type { CliContext } from "../cli-context.ts";
import type { RoostClient } from "../connect.ts";
import { readInput } from "../conversation/read-input.ts";
import { editText } from "../jobs/edit-text.ts";
import { jobFromOptions, type JobOptions } from "../jobs/job-from-options.ts";
import { printChanges } from "../jobs/print-changes.ts";
import { parseJobs, readJobFiles, type WrittenJob } from "../jobs/read-job-files.ts";
import {
  collectOption,
  parseOptionAmount,
  parseOptionCount,
  parseOptionDuration,
  parseOptionNumber,
} from "../parse-option.ts";
import { relativeTime } from "../print/relative-time.ts";
import { plainText } from "../print/text-width.ts";

export function addDefineJobsCommands(jobs: Command, context: CliContext): void {
  addAdd(jobs, context);
  addEdit(jobs, context);
  addApply(jobs, context);
}

function addAdd(jobs: Command, context: CliContext): void {
  const add = jobs
    .command("add")
    .description("Adds a job, from options or from a file. Without a trigger it runs only when told to.")
    .argument("[job]", "id of the job: lower-case letters, digits, dots, - and _")
    .option("--cron <expression>", "when: five or six fields, or a name like @hourly")
    .option("--every <duration>", "when: again and again after that time, as in 20m")
    .option("--at <moment>", "when: once, as in 2025-06-01T09:00 or 20m from now")
    .option("--on <type>", "when: at each event of this type, as in run.failed")
    .option("--filter <path=value>", "with --on: only events with that value; may be repeated", collectOption)
    .option("--debounce <quiet[,most]>", "with --on: one run for all events once none has come for 2m, or after 10m")
    .option("--batch <count,age>", "with --on: one run for 50 events, or for fewer after 10m: 50,10m")
    .option("--time-zone <name>", "of --cron or --active-hours, as in Europe/Berlin (default: the home's)")
    .option("-p, --prompt <text>", "what its runs are told; - for what is piped in")
    .option("--title <text>", "its name for people")
    .option("--agent <name>", "who does it (default: main)")
    .addOption(
      new Option("--session <kind>", "what its runs may know (default: cron)").choices(["main", "cron", "heartbeat"]),
    )
    .addOption(
      new Option("--overlap <policy>", "when it is due while it still runs (default: skip)").choices(overlapPolicies),
    )
    .addOption(
      new Option("--catch-up <policy>", "what was due while nothing ran (default: last)").choices([
        "skip",
        "last",
        "all",
      ]),
    )
    .option("--timeout <duration>", "longest time of a run (default: 30m)", parseOptionDuration)
    .option("--jitter <duration>", "run up to that much later, to spread load", parseOptionDuration)
    .option(
      "--attempts <count>",
      "how often a run that fails is tried, the first included (default: 1)",
      parseOptionCount,
    )
    .option("--active-hours <from-to>", "only in these hours, as in 08:00-22:00")
    .option("--tool <name>", "only these tools; may be repeated", collectOption)
    .option("--model <name>", "with this model")
    .option("--input <file=age>", "a state file and the age from which it is stale; may be repeated", collectOption)
    .addOption(
      new Option(
        "--on-unknown <policy>",
        "when nobody knows what an effect did: tell the agent, or wait for you",
      ).choices(["tell", "wait"]),
    )
    .option(
      "--must <what>",
      "it has failed unless it leaves this behind: event=TYPE, state=NAME, state=NAME:KEY, file=PATH, tool=NAME; may be repeated",
      collectOption,
    )
    .option("--disabled", "keep it, but never let it be due")
    .option("-f, --file <path>", "take it from a YAML or JSON file instead; - for what is piped in")
    .option("--replace", "replace a job of that id");
  addLimitOptions(add).action(
    async (id: string | undefined, options: JobOptions & { file?: string; replace?: boolean }) => {
      const written =
        options.file === undefined ? await fromOptions(context, id, options) : await fromFile(id, options.file);
      const { client } = await context.connect();
      const { id: jobId, ...definition } = written;
      const answer = await client
        .defineJob({ jobId, ...definition, ...(options.replace === true ? {} : { expectedVersion: 0 }) })
        .catch((error: unknown) => {
          throw explainConflict(error, `there is a job "${jobId}" already: roost jobs edit ${jobId}, or add --replace`);
        });
      if (context.terminal.isJson) return context.terminal.json(answer);
      tellDefined(context, answer.job, answer.change);
    },
  );
}

function addLimitOptions(add: Command): Command {
  return add
    .option("--concurrency <count[,key]>", "most runs at once, of the job or of a key: 2 or 2,mail:{event.data.box}")
    .option("--rate <count/time[,key]>", "most starts in a while, of the job or of a key: 5/1h or 5/1h,api")
    .addOption(new Option("--over-rate <policy>", "what is over the rate (default: wait)").choices(["wait", "skip"]))
    .option("--priority <number>", "higher goes first (default: 0)", parseOptionNumber)
    .option("--queue <name>", "which workers execute its runs (default: default)")
    .option("--budget-usd <amount>", "most money of a run", parseOptionAmount)
    .option("--budget-tokens <count>", "most tokens of a run", parseOptionCount)
    .option("--budget-calls <count>", "most calls of models by a run, over all its attempts", parseOptionCount);
}

async function fromOptions(context: CliContext, id: string | undefined, options: JobOptions): Promise<WrittenJob> {
  if (id === undefined)
    throw new RoostError("invalid_input", "a job needs an id: roost jobs add ID --every 20m --prompt TEXT");
  const prompt = options.prompt === "-" ? (await readInput()).trim() : options.prompt;
  const [job] = parseJobs(
    JSON.stringify(jobFromOptions(id, { ...options, ...(prompt === undefined ? {} : { prompt }) }, context.clock)),
    "the options",
  );
  return job as WrittenJob;
}

async function fromFile(id: string | undefined, path: string): Promise<WrittenJob> {
  const jobs = await readJobFiles(path);
  const found = id === undefined ? jobs : jobs.filter((job) => job.id === id);
  if (found.length === 1) return found[0] as WrittenJob;
  throw new RoostError(
    "invalid_input",
    found.length === 0
      ? `there is no job ${id === undefined ? "" : `"${id}" `}in ${path}`
      : `${path} has ${jobs.length} jobs: name one, or use roost jobs apply ${path}`,
  );
}

function tellDefined({ terminal, clock }: CliContext, job: Job, change: string): void {
  const next = relativeTime(job.dueAt ?? job.nextAt, clock.nowMs());
  const due = next === "" ? "" : `, due ${next}`;
  terminal.line(
    change === "unchanged" ? `${job.id} is so already` : `${job.id} is ${change} (version ${job.version}${due})`,
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
      "Opens a job's definition in VISUAL or EDITOR as YAML and applies it, unless somebody changed it meanwhile.",
    )
    .argument("<job>", "id of the job")
    .action(async (jobId: string) => {
      const { client } = await context.connect();
      const { job } = await client.getJob({ jobId });
      const { editor, environment } = context.config;
      const before = `# ${job.id}, version ${job.version}. Save and leave to apply; leave it as it is to change nothing.\n${stringify(job.definition)}`;
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

async function applyEdited(client: RoostClient, job: Job, text: string, path: string) {
  const [written, ...more] = parseJobs(withId(text, job.id), path);
  if (written === undefined || more.length > 0)
    throw new RoostError("invalid_input", `${path} must hold one job's definition`);
  if (written.id !== job.id)
    throw new RoostError(
      "invalid_input",
      `the id of a job cannot change, from "${job.id}" to "${written.id}": add another one`,
    );
  const { id: _id, ...definition } = written;
  return client.defineJob({ jobId: job.id, ...definition, expectedVersion: job.version }).catch((error: unknown) => {
    throw explainConflict(
      error,
      `"${job.id}" was changed by somebody else since version ${job.version}: see roost jobs show ${job.id} --yaml and edit it again`,
    );
  });
}

function withId(text: string, id: string): string {
  return /^id:/m.test(text) ? text : `id: ${JSON.stringify(id)}\n${text}`;
}

async function wantsToGoOn({ terminal }: CliContext, problem: string): Promise<boolean> {
  if (!terminal.isInteractive) return false;
  terminal.note(plainText(problem), "bad");
  const input = createInterface({ input: process.stdin, output: process.stderr });
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
    .description("Defines the jobs of a YAML or JSON file, or of a directory of them: all or none.")
    .argument("<path>", "a file, a directory, or - for what is piped in")
    .option("--dry-run", "only say what would change")
    .option("--prune", "remove jobs that came from the same source and are not in it any more")
    .option("--source <name>", "what the source is called (default: the path)")
    .action(async (path: string, options: ApplyOptions) => {
      const { terminal } = context;
      const written = await readJobFiles(path);
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

/** The same file has the same name from wherever it is given: within the home as the home itself names it. */
function nameSource(path: string, homeDir: string): string {
  if (path === "-") return "stdin";
  const inHome = relative(homeDir, resolve(path));
  const name = inHome === "" || inHome.startsWith("..") || isAbsolute(inHome) ? resolve(path) : inHome;
  return name.slice(-nameCharsMax);
}
