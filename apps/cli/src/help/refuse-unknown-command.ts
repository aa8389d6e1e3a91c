/** Refuses an unknown word after a command with a default subcommand; commander would take it as an argument. */
import { nearestName, RoostError } from "@roost/base";
import type { Command } from "commander";

/** @throws RoostError `invalid_input` naming the nearest command */
export function refuseUnknownCommand(parent: Command, word: string | undefined): void {
  if (word === undefined) return;
  const names = parent.commands.map((command) => command.name());
  const nearest = nearestName(word, names);
  const advice = nearest === undefined ? `its commands are ${names.join(", ")}` : `did you mean ${nearest}?`;
  throw new RoostError("invalid_input", `${parent.name()} has no command "${word}": ${advice}`);
}
