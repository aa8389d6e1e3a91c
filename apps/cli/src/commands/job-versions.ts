/** `roost jobs versions` and `roost jobs rollback`: earlier definitions of a job. */
import type { Command } from "commander";
import type { CliContext } from "../cli-context.ts";
import { parseOptionCount } from "../parse-option.ts";
import { noteSource } from "./define-jobs.ts";
import { addVersionsCommand } from "./add-versions-command.ts";

export function addJobVersionCommands(jobs: Command, context: CliContext): void {
  addVersionsCommand(jobs, context, {
    noun: "job",
    list: (client, jobId, page) => client.listJobVersions({ jobId, ...page }),
  });
  jobs
    .command("rollback")
    .description(
      "Restores an earlier definition of a job as a new version. Active runs keep the version they started with.",
    )
    .argument("<job>", "id of the job")
    .argument("<version>", "version number from roost jobs versions", parseOptionCount)
    .action(async (jobId: string, version: number) => {
      const { client } = await context.connect();
      const answer = await client.rollBackJob({ jobId, version });
      if (context.terminal.isJson) return context.terminal.json(answer);
      const said = answer.change === "unchanged" ? "already has that definition" : `is restored to version ${version}`;
      context.terminal.line(`${jobId} ${said}: version ${answer.job.version}`);
      if (answer.change !== "unchanged") noteSource(context.terminal, answer.job);
    });
}
