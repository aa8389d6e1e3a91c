/** `roost run replay`: whether a run would do the same today. The report is written by ../print/print-replay.ts. */
import type { Command } from "commander";
import type { CliContext } from "../cli-context.ts";
import { exitCodes } from "../exit-codes.ts";
import { findRunId } from "../find-by-id.ts";
import { parseOptionCount } from "../parse-option.ts";
import { printReplay } from "../print/print-replay.ts";

export function addRunReplay(run: Command, context: CliContext): void {
  run
    .command("replay")
    .description(
      "Executes a run against its own records and says whether the agent, its job and today's Roost would do the same; exits with 1 when they would not. Nothing is performed or changed: every step is answered from the record.",
    )
    .argument("<run>", "id of the run, the end of one, or last")
    .option("--from <step>", "answer only the steps before this one, then show the next request", parseOptionCount)
    .option("--full", "show every difference and the whole next request")
    .action(async (given: string, { from, full }: { from?: number; full?: boolean }) => {
      const { terminal } = context;
      const { client } = await context.connect();
      using _progress = terminal.progress("replaying");
      const report = await client.replayRun({
        runId: await findRunId(client, given),
        fromSeq: from,
      });
      if (report.verdict === "diverged") context.exitWith(exitCodes.answerIsNo);
      if (terminal.isJson) return terminal.json(report);
      printReplay(terminal, report, { isFull: full === true });
    });
}
