/** `roost up` and `roost down`: run the supervisor by its path, on this Node. */
import type { Command } from "commander";
import type { CliContext } from "../cli-context.ts";
import { runProgram } from "../processes/run-program.ts";

const supervisor = "apps/supervisor/src/main.ts";

export function addUpCommands(program: Command, context: CliContext): void {
  program
    .command("up")
    .summary("start Roost on this machine")
    .description(
      "Starts PostgreSQL, the gateway and the workers for the home in ROOST_HOME. Stays in the foreground until Ctrl-C unless --detach is given. A home that does not exist yet is created almost empty: on a terminal from the answers to four questions, otherwise from the options below. In a directory that roost join made that of a host, workers alone start, for the home that it joined (docs/hosts.md).",
    )
    .option("-d, --detach", "return when everything is ready, and leave it running")
    .option("--name <text>", "new home: your name")
    .option("--agent-name <text>", "new home: your agent's name (default: Wren)")
    .option("--time-zone <zone>", "new home: its time zone, as in Europe/Berlin (default: the machine's)")
    .option("--usd-per-day <amount>", "new home: spending cap a day, in dollars (default: 1)")
    .option("--services <names>", "new home: domain services that run, with commas between, as in peeps")
    .option("--example", "new home: copy the example, with fictional people and active jobs")
    .action(async (_options: object, up: Command) => {
      context.exitWith(await runProgram(context, supervisor, ["up", ...givenOptions(up)]));
    });
  program
    .command("down")
    .summary("stop Roost for this home")
    .description(
      "Stops what is running for the home in ROOST_HOME, however it was started, and waits until it has stopped.",
    )
    .action(async () => {
      const exitCode = await runProgram(context, supervisor, ["down"]);
      if (context.terminal.isJson && exitCode === 0) context.terminal.json({ stopped: true });
      context.exitWith(exitCode);
    });
}

/** The options as the supervisor takes them. */
function givenOptions(command: Command): string[] {
  return command.options.flatMap((option) => {
    const value: unknown = command.getOptionValue(option.attributeName());
    if (value === undefined || option.long === undefined) return [];
    return [value === true ? option.long : `${option.long}=${String(value)}`];
  });
}
