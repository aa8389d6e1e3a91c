/** Says in one sentence what was wrong with a command line, and which command was probably meant. */
import { nearestName } from "@roost/base";
import type { Command, CommanderError } from "commander";

/** Words of other programs for what these commands do. */
const meantBy: Readonly<Record<string, string>> = {
  init: "up",
  setup: "up",
  start: "up",
  stop: "down",
  settings: "config",
  version: "--version",
  top: "ps",
};
const listWords: readonly string[] = ["list", "ls"];

export function explainUsage(error: CommanderError, program: Command, args: readonly string[]): string {
  const said = error.message
    .replace(/^error: /, "")
    .replace(/\n\(Did you mean (.+)\?\)$/, ": did you mean $1?")
    .replace(/\.$/, "");
  const words = args.filter((arg) => !arg.startsWith("-"));
  switch (error.code) {
    case "commander.help":
      return "a command is missing";
    case "commander.unknownCommand": {
      const meant = meantBy[words[0] ?? ""];
      return meant === undefined ? said : `unknown command "${words[0]}": did you mean roost ${meant}?`;
    }
    case "commander.excessArguments": {
      const [name = "", word = ""] = words;
      const meant = listWords.includes(word) ? name : findSubcommand(program, name, word);
      return meant === undefined ? said : `roost ${name} has no command "${word}": did you mean roost ${meant}?`;
    }
    default:
      return said;
  }
}

/** Of a command with a like name: `run show` for `runs show`. Undefined also for one that is there and was given too much. */
function findSubcommand(program: Command, name: string, word: string): string | undefined {
  if (program.commands.find((one) => one.name() === name)?.commands.some((one) => one.name() === word))
    return undefined;
  const parents = program.commands.filter(({ commands }) => commands.some((one) => one.name() === word));
  const nearest = nearestName(
    name,
    parents.map((parent) => parent.name()),
  );
  return nearest === undefined ? undefined : `${nearest} ${word}`;
}
