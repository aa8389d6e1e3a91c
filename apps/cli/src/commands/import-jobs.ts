/** `roost jobs import`: takes over the jobs of an OpenClaw home, as often as one likes. */
import { resolve } from "node:path";
import { nameCharsMax } from "@roost/contract/operations";
import type { Command } from "commander";
import type { CliContext } from "../cli-context.ts";
import type { RoostClient } from "../connect.ts";
import { convertCronJob } from "../jobs/import/convert-cron-job.ts";
import { readCronStore } from "../jobs/import/read-cron-store.ts";
import { printChanges } from "../jobs/print-changes.ts";
import { plainLine } from "../print/text-width.ts";
import { readPages } from "../read-pages.ts";

/** Removed jobs that are looked at. */
const removedMax = 5_000;

interface ImportOptions {
  dryRun?: boolean;
  removed?: boolean;
}

export function addImportJobsCommand(jobs: Command, context: CliContext): void {
  jobs
    .command("import")
    .description(
      "Takes over the jobs of an OpenClaw home of 2026.3, all or none. The home is only read; importing again changes only what has changed there.",
    )
    .argument("<path>", "the home (~/.openclaw), its cron directory, or jobs.json itself")
    .option("--dry-run", "only say what would change")
    .option("--removed", "bring back jobs, too, that were removed here")
    .action(async (path: string, options: ImportOptions) => {
      const { terminal, clock } = context;
      const store = await readCronStore(path);
      const converted = store.jobs.map((job) => convertCronJob(job, { nowMs: clock.nowMs() }));
      const { client } = await context.connect();
      const removed = options.removed === true ? new Set<string>() : await readRemoved(client);
      const kept = converted.filter(({ job }) => !removed.has(job.id));
      const answer = await client.applyJobs({
        jobs: kept.map(({ job }) => job),
        source: `import:${resolve(store.path)}`.slice(-nameCharsMax),
        dryRun: options.dryRun ?? false,
      });
      const notes = converted.map(({ job, notes: ofJob }) => ({
        jobId: job.id,
        notes: removed.has(job.id) ? ["it was removed here and is not brought back: give --removed to do so"] : ofJob,
      }));
      if (terminal.isJson) return terminal.json({ ...answer, notes: notes.filter((each) => each.notes.length > 0) });
      printChanges(terminal, answer.changes, answer.dryRun);
      for (const { jobId, notes: ofJob } of notes)
        for (const note of ofJob) terminal.note(plainLine(`${jobId}: ${note}`), "warn");
      terminal.note(`${converted.length} jobs in ${plainLine(store.path)}, ${kept.length} of them are here`, "dim");
    });
}

async function readRemoved(client: RoostClient): Promise<Set<string>> {
  const rows = await readPages(
    (page) => client.listJobs({ ...page, state: ["removed"] }),
    (page) => page.items,
    removedMax,
  );
  return new Set(rows.map(({ id }) => id));
}
