/** `roost peeps …`. */
import type { ServiceCli } from "@roost/service/cli";
import type { Command } from "commander";
import { addAnswerCommands } from "./cli/answer-commands.ts";
import { addImportCommands } from "./cli/import-commands.ts";
import { addPeopleCommands } from "./cli/people-commands.ts";
import { addWatchCommand } from "./cli/watch-command.ts";

export function addCommands(peeps: Command, cli: ServiceCli): void {
  peeps
    .helpCommand(false)
    .summary("the people you know")
    .description("The people you know: who they are, how to reach them, and every message with them.");
  addPeopleCommands(peeps, cli);
  addAnswerCommands(peeps, cli);
  addImportCommands(peeps, cli);
  addWatchCommand(peeps, cli);
}
