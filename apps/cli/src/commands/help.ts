/** `roost help`: usage of a command, and the topics exit-codes and environment. */
import { RoostError } from "@roost/base";
import type { Command } from "commander";
import type { CliContext } from "../cli-context.ts";
import { describeProgram } from "../help/describe-program.ts";
import { environmentMeanings } from "../help/environment-meanings.ts";
import { exitCodeMeanings } from "../exit-codes.ts";
import { formatPairs } from "../print/format-pairs.ts";

export function addHelpCommand(program: Command, context: CliContext): void {
  program
    .command("help")
    .summary("show usage of a command; topics: exit-codes, environment")
    .description(
      "Shows the usage of a command. The topics exit-codes and environment list all exit codes and variables.",
    )
    .argument("[topic...]", "a command, exit-codes or environment")
    .option("--markdown", "print the whole reference as Markdown")
    .action((topic: string[], { markdown }: { markdown?: boolean }) => {
      const { terminal } = context;
      if (markdown === true) return terminal.write(describeProgram(program));
      const [first] = topic;
      if (first === "exit-codes")
        return printTopic(
          context,
          "exitCodes",
          exitCodeMeanings.map(({ code, meaning }) => [code, meaning]),
        );
      if (first === "environment")
        return printTopic(
          context,
          "environment",
          environmentMeanings.map(({ name, meaning }) => [name, meaning]),
        );
      findCommand(program, topic).outputHelp();
    });
}

function printTopic({ terminal }: CliContext, name: string, rows: [string, string][]): void {
  if (terminal.isJson) return terminal.json({ [name]: Object.fromEntries(rows) });
  for (const line of formatPairs(rows, terminal)) terminal.line(line);
}

/** @throws RoostError `not_found` */
function findCommand(program: Command, path: readonly string[]): Command {
  let command = program;
  for (const name of path) {
    const found = command.commands.find((one) => one.name() === name || one.aliases().includes(name));
    if (found === undefined)
      throw new RoostError("not_found", `there is no command "${path.join(" ")}": roost help lists all commands`);
    command = found;
  }
  return command;
}
