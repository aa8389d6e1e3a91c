/** `roost jobs import`: takes over the jobs of an OpenClaw home, as often as one likes. */
import { resolve } from "node:path";
import { RoostError } from "@roost/base";
import { jobStates, NamedJobDefinition, nameCharsMax, type Job, type JobChange } from "@roost/contract/operations";
import type { Command } from "commander";
import type { CliContext } from "../cli-context.ts";
import type { RoostClient } from "../connect.ts";
import { readInput } from "../conversation/read-input.ts";
import { convertCronJob, keepUnreadable, slugOf, type ConvertedJob } from "../jobs/import/convert-cron-job.ts";
import { listLeftBehind } from "../jobs/import/list-left-behind.ts";
import { readCronStore, type CronStoreFile } from "../jobs/import/read-cron-store.ts";
import { printChanges } from "../jobs/print-changes.ts";
import { plainLine } from "../print/text-width.ts";
import { readPages } from "../read-pages.ts";

const jobsMax = 5_000;
/** Jobs of one call. */
const jobsPerApplyMax = 500;
/** Next moments that differ by less are the same: jitter, a clock that is off. */
const sameMomentMs = 1_000;

interface ImportOptions {
  dryRun?: boolean;
  removed?: boolean;
  timeZone?: string;
}

interface Imported extends ConvertedJob {
  /** When it is due next there, if it says so. */
  nextAtMs: number | undefined;
}

export function addImportJobsCommand(jobs: Command, context: CliContext): void {
  jobs
    .command("import")
    .description(
      "Takes over the jobs of an OpenClaw home: of 2026.3 from its file, of later versions from their database or their own list. The home is only read. A job that cannot be read costs itself only: it is kept, disabled. Importing again brings what has changed there and keeps what was changed here.",
    )
    .argument(
      "<path>",
      "the home (~/.openclaw), its database or jobs.json, or - for what openclaw automations list --all --json prints",
    )
    .option("--dry-run", "only say what would change")
    .option("--time-zone <zone>", "the zone of crons that name none (default: this machine's)")
    .option("--removed", "bring back jobs, too, that were removed here")
    .action(async (path: string, options: ImportOptions) => {
      const { terminal, clock } = context;
      const store = await readCronStore(path, { readInput });
      const { client } = await context.connect();
      const here = await readHere(client);
      const timeZone = readTimeZone(options.timeZone);
      const imported = convertAll(store, { nowMs: clock.nowMs(), timeZone, here });
      const isLeft = ({ job }: Imported) => here.get(job.id)?.state === "removed" && options.removed !== true;
      const kept = imported.filter((each) => !isLeft(each));
      const changes = await applyAll(client, kept, {
        source: `import:${store.path === "-" ? "-" : resolve(store.path)}`.slice(-nameCharsMax),
        dryRun: options.dryRun ?? false,
      });
      for (const each of imported)
        if (isLeft(each)) each.notes = ["it was removed here and is not brought back: give --removed to do so"];
      noteDifferences(changes, kept, clock.nowMs());
      const leftBehind = await listAllLeftBehind(path, store);
      const notes = imported.filter((each) => each.notes.length > 0);
      if (terminal.isJson)
        return terminal.json({
          dryRun: options.dryRun ?? false,
          changes,
          notes: notes.map(({ job, notes: ofJob }) => ({ jobId: job.id, notes: ofJob })),
          leftBehind,
        });
      printChanges(terminal, changes, options.dryRun ?? false);
      for (const line of groupNotes(notes)) terminal.note(plainLine(line), "warn");
      for (const line of leftBehind) terminal.note(plainLine(`not imported: ${line}`), "warn");
      terminal.note(`${imported.length} jobs in ${plainLine(store.path)}, ${kept.length} of them are here`, "dim");
    });
}

function convertAll(
  { jobs, unreadable }: CronStoreFile,
  { here, ...options }: { nowMs: number; timeZone: string; here: Map<string, Job> },
): Imported[] {
  const converted = jobs.map((source): Imported => {
    const definition = here.get(slugOf(source.id))?.definition;
    const made = convertCronJob(source, { ...options, here: definition });
    const parsed = NamedJobDefinition.safeParse(made.job);
    // What the gateway would not even take is told apart here, or it would refuse all of them.
    const kept = parsed.success
      ? made
      : keepUnreadable(
          {
            id: source.id,
            name: source.name,
            reason: parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`).join("; "),
            text: JSON.stringify(source.schedule),
          },
          made.job.prompt,
        );
    return { ...kept, nextAtMs: source.state?.nextRunAtMs };
  });
  return [...converted, ...unreadable.map((each): Imported => ({ ...keepUnreadable(each), nextAtMs: undefined }))];
}

/** Applies what is valid, then keeps what is not, disabled. */
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

/** What was changed on both sides, and jobs whose next moment is another one here than there. */
function noteDifferences(changes: readonly JobChange[], imported: readonly Imported[], nowMs: number): void {
  const byId = new Map(imported.map((each) => [each.job.id, each]));
  for (const { jobId, nextAt, kept } of changes) {
    const each = byId.get(jobId);
    if (each === undefined) continue;
    if (kept !== undefined) each.notes.push(`changed here and there, kept as it is here: ${kept.join(", ")}`);
    if (nextAt === null || each.nextAtMs === undefined || each.nextAtMs <= nowMs) continue;
    const hereMs = Date.parse(nextAt) + (each.job.delayMs ?? 0);
    if (kept !== undefined || Math.abs(hereMs - each.nextAtMs) <= sameMomentMs) continue;
    const [here, there] = [hereMs, each.nextAtMs].map((ms) => new Date(ms).toISOString());
    each.notes.push(`due next at ${here} here, at ${there} there`);
  }
}

async function listAllLeftBehind(path: string, { internal, checklists }: CronStoreFile): Promise<string[]> {
  const lines = path === "-" ? [] : await listLeftBehind(path);
  if (checklists.length > 0)
    lines.unshift(
      `what the heartbeat is told there, in place of HEARTBEAT.md: ${JSON.stringify(checklists.join("\n"))}; write it into HEARTBEAT.md`,
    );
  if (internal.length > 0) lines.unshift(`what OpenClaw runs for itself: ${internal.join(", ")}`);
  return lines;
}

/** One line for a note that several jobs share. */
function groupNotes(imported: readonly Imported[]): string[] {
  const jobsOf = new Map<string, string[]>();
  for (const { job, notes } of imported)
    for (const note of notes) jobsOf.set(note, [...(jobsOf.get(note) ?? []), job.id]);
  return [...jobsOf].map(([note, ids]) => `${ids.join(", ")}: ${note}`);
}

function readTimeZone(given: string | undefined): string {
  const zone = given ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
  try {
    return new Intl.DateTimeFormat("en", { timeZone: zone }).resolvedOptions().timeZone;
  } catch (cause) {
    throw new RoostError("invalid_input", `"${zone}" is no time zone: write it like Europe/Berlin`, { cause });
  }
}

async function readHere(client: RoostClient): Promise<Map<string, Job>> {
  const rows = await readPages(
    (page) => client.listJobs({ ...page, state: [...jobStates] }),
    (page) => page.items,
    jobsMax,
  );
  return new Map(rows.map((job) => [job.id, job]));
}
