/** What applying jobs changed, or would change. */
import type { JobChange } from "@roost/contract/operations";
import type { Terminal } from "../print/create-terminal.ts";
import { cutText, plainLine } from "../print/text-width.ts";

const tones = { created: "good", changed: "warn", unchanged: "dim", removed: "bad" } as const;

export function printChanges(terminal: Terminal, changes: readonly JobChange[], dryRun: boolean): void {
  const { paint } = terminal;
  for (const change of changes) {
    terminal.line(`${paint(change.change.padEnd(9), tones[change.change])} ${change.jobId}`);
    if (change.change === "created" && !dryRun) continue;
    for (const { path, before, after } of change.differences) {
      terminal.line(paint(cutText(`  ${plainLine(path)}`, terminal.columns), "dim"));
      if (before !== undefined && before !== null) terminal.line(paint(show("-", before, terminal.columns), "bad"));
      if (after !== undefined && after !== null) terminal.line(paint(show("+", after, terminal.columns), "good"));
    }
  }
  const count = changes.filter(({ change }) => change !== "unchanged").length;
  if (dryRun) terminal.note(count === 0 ? "Nothing would change" : `${count} would change; nothing was`, "dim");
  else if (count === 0) terminal.note("Nothing has changed", "dim");
}

function show(sign: string, value: unknown, columns: number): string {
  return cutText(`  ${sign} ${plainLine(typeof value === "string" ? value : JSON.stringify(value))}`, columns);
}
