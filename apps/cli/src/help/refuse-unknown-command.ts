/** A word where a command should be, of a command that has a default one: commander would take it for an argument. */
import { RoostError } from "@roost/base";
import type { Command } from "commander";

const distanceMax = 3;

/** @throws RoostError `invalid_input` naming the nearest command */
export function refuseUnknownCommand(parent: Command, word: string | undefined): void {
  if (word === undefined) return;
  const names = parent.commands.map((command) => command.name());
  const nearest = names
    .map((name) => ({ name, distance: distanceOf(word, name) }))
    .toSorted((a, b) => a.distance - b.distance)[0];
  const advice =
    nearest !== undefined && nearest.distance <= distanceMax
      ? `did you mean ${nearest.name}?`
      : `there are ${names.join(", ")}`;
  throw new RoostError("invalid_input", `${parent.name()} has no command "${word}": ${advice}`);
}

/** Levenshtein's: letters put in, left out or changed. */
function distanceOf(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (const [index, letter] of one.split("").entries()) {
    const next = [index + 1];
    for (let at = 1; at <= other.length; at += 1) {
      const cost = letter === other[at - 1] ? 0 : 1;
      next.push(Math.min((row[at] as number) + 1, (next[at - 1] as number) + 1, (row[at - 1] as number) + cost));
    }
    row = next;
  }
  return row[other.length] as number;
}
