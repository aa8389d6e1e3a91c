/** `roost jobs versions` and `roost jobs rollback`: the definitions that a job has had. */
import type { Command } from "commander";
import type { CliContext } from "../cli-context.ts";
import { parseOptionCount } from "../parse-option.ts";
import { addVersionsCommand } from "./add-versions-command.ts";

export function addJobVersionCommands(jobs: Command, context: CliContext): void {
  addVersionsCommand(jobs, context, {
    noun: "job",
    list: (client, jobId, page) => client.listJobVersions({ jobId, ...page }),
  });
  jobs
    .command("rollback")
    .description("Gives a job an earlier definition again, as a new version; what runs keeps the one it began with.")
    .argument("<job>", "id of the job")
    .argument("<version>", "the version, as jobs versions tells it", parseOptionCount)
    .action(async (jobId: string, version: number) => {
      const { client } = await context.connect();
      const answer = await client.rollBackJob({ jobId, version });
      if (context.terminal.isJson) return context.terminal.json(answer);
      const said = answer.change === "unchanged" ? "has that definition already" : `is as in version ${version} again`;
      context.terminal.line(`${jobId} ${said}: version ${answer.job.version}`);
    });
}
