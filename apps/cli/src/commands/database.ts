/** `roost database`: where the home's data are kept. */
import type { Command } from "commander";
import type { CliContext } from "../cli-context.ts";
import { runProgram } from "../processes/run-program.ts";

const mover = "apps/supervisor/src/move/main.ts";

export function addDatabaseCommands(program: Command, context: CliContext): void {
  const database = program
    .command("database")
    .summary("carry the home's data to another PostgreSQL")
    .description("Where the log, the runs and the services of the home in ROOST_HOME are kept.");
  database
    .command("move")
    .summary("carry everything to another PostgreSQL, or back")
    .description(
      "Carries all data of the home to an empty database of PostgreSQL 15 or newer, compares it row by row, and makes the home use it. Refused while anything of the home runs on any host. Interrupted, it goes on where it was when it is started again. What was moved stays as it was.",
    )
    .argument(
      "<target>",
      "env:NAME or file:PATH with the URL, so that its password is in no list of processes; or the URL itself; own: the PostgreSQL that comes with Roost",
    )
    .option("--from <reference>", "what is moved, written like the target (default: the database that the home uses)")
    .action(async (target: string, { from }: { from?: string }) => {
      const options = from === undefined ? [] : [`--from=${from}`];
      context.exitWith(await runProgram(context, mover, [...options, "--", target]));
    });
}
