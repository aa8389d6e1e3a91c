/** Prints what applying jobs changed or would change. */
import type { JobChange } from "@roost/contract/operations";
import type { Terminal } from "../print/create-terminal.ts";
import { differenceAsWritten } from "@roost/jobs/files";
import { cutText, plainLine } from "@roost/base/text-width";

const tones = { created: "good", changed: "warn", unchanged: "dim", removed: "bad" } as const;

/** `titles`: of jobs whose ids alone say little. */
export function printChanges(
  terminal: Terminal,
  changes: readonly JobChange[],
  dryRun: boolean,
  titles?: ReadonlyMap<string, string>,
): void {
  const { paint } = terminal;
  for (const change of changes) {
    const title = titles?.get(change.jobId);
    const named = title === undefined ? "" : ` ${paint(plainLine(title), "dim")}`;
    terminal.line(`${paint(change.change.padEnd(9), tones[change.change])} ${change.jobId}${named}`);
    if (change.change === "removed" || (change.change === "created" && !dryRun)) continue;
    for (const { path, before, after } of change.differences.map(differenceAsWritten)) {
      const name = plainLine(path);
      if (isThere(before)) terminal.line(paint(cutText(`  - ${name}: ${show(before)}`, terminal.columns), "bad"));
      if (isThere(after)) terminal.line(paint(cutText(`  + ${name}: ${show(after)}`, terminal.columns), "good"));
    }
  }
  const count = changes.filter(({ change }) => change !== "unchanged").length;
  if (dryRun) terminal.note(count === 0 ? "Nothing would change" : `${count} would change; nothing was changed`, "dim");
  else if (count === 0) terminal.note("Nothing changed", "dim");
}

function isThere(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function show(value: unknown): string {
  return plainLine(typeof value === "string" ? value : JSON.stringify(value));
}
