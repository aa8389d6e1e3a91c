/** Describes every command as Markdown, from the program's own definitions. */
import type { Argument, Command, Option } from "commander";
import { exitCodeMeanings } from "../exit-codes.ts";
import { environmentMeanings } from "./environment-meanings.ts";
import { examplesOf } from "./examples.ts";

export function describeProgram(program: Command): string {
  return `${[
    "# The `roost` command",
    "",
    "<!-- Written by `roost help --markdown`; a test compares it with the program. -->",
    "",
    program.description(),
    "",
    "Every command takes `--json` (one JSON document on stdout, or one line for each of many), `--debug` (where an error comes from)",
    "and `--help`. Results go to stdout; remarks, progress and errors go to stderr. Where an id of a run is asked for, the end of it",
    "that tables show is enough, and `last` means the newest. Durations are written like `90s`, `20m`, `1h30m` or `2d`.",
    "",
    "| command | |",
    "|---|---|",
    ...program.commands.map((command) =>
      row([`[\`roost ${command.name()}\`](#${anchor(command)})`, command.summary()]),
    ),
    "",
    ...program.commands.flatMap((command) => describeCommand(command)),
    "## Exit codes",
    "",
    "| code | meaning |",
    "|---|---|",
    ...exitCodeMeanings.map(({ code, meaning }) => row([code, meaning])),
    "",
    "## Environment",
    "",
    "| variable | meaning |",
    "|---|---|",
    ...environmentMeanings.map(({ name, meaning }) => row([`\`${name}\``, meaning])),
  ].join("\n")}\n`;
}

function describeCommand(command: Command): string[] {
  const path = pathOf(command);
  const hasAction = command.commands.length === 0 || command.options.length > 0;
  const examples = examplesOf(path);
  return [
    `${"#".repeat(Math.min(4, path.split(" ").length))} ${path}`,
    "",
    command.description(),
    "",
    ...(hasAction ? ["```text", `${path} ${command.usage()}`.trim(), "```", ""] : []),
    ...table(command.registeredArguments.map(describeArgument), command.options.map(describeOption)),
    ...(examples.length === 0 ? [] : ["```sh", ...examples, "```", ""]),
    ...command.commands.flatMap(describeCommand),
  ];
}

function table(...groups: string[][]): string[] {
  const rows = groups.flat();
  return rows.length === 0 ? [] : ["| | |", "|---|---|", ...rows, ""];
}

function describeArgument(argument: Argument): string {
  const name = `${argument.name()}${argument.variadic ? "..." : ""}`;
  const choices = argument.argChoices === undefined ? "" : ` (${argument.argChoices.join(", ")})`;
  return row([`\`${argument.required ? `<${name}>` : `[${name}]`}\``, `${argument.description}${choices}`]);
}

function describeOption(option: Option): string {
  const choices = option.argChoices === undefined ? "" : ` (${option.argChoices.join(", ")})`;
  const hasDefault = option.defaultValue !== undefined && typeof option.defaultValue !== "boolean";
  const preset = hasDefault ? ` (default: ${option.defaultValueDescription ?? String(option.defaultValue)})` : "";
  return row([`\`${option.flags}\``, `${option.description}${choices}${preset}`]);
}

function row(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|").replaceAll("\n", " ")).join(" | ")} |`;
}

function pathOf(command: Command): string {
  return command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`;
}

function anchor(command: Command): string {
  return pathOf(command).replaceAll(" ", "-");
}
