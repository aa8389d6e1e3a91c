/** Prints the definitions that a job or an agent has had. */
import type { AgentVersionRecord } from "@roost/contract/operations";
import { differenceAsWritten } from "@roost/jobs/files";
import type { Terminal } from "./create-terminal.ts";
import { relativeTime } from "./relative-time.ts";
import { plainLine } from "@roost/base/text-width";

export type PrintedVersion = Pick<
  AgentVersionRecord,
  "version" | "definedBy" | "definedAt" | "liveRunCount" | "differences"
>;

const valueCharsMax = 60;

export function printVersions(terminal: Terminal, versions: readonly PrintedVersion[], nowMs: number): void {
  for (const version of versions) {
    const live = version.liveRunCount === 0 ? "" : `, ${version.liveRunCount} of its runs active`;
    const by = `${plainLine(version.definedBy)}, ${relativeTime(version.definedAt, nowMs)}${live}`;
    terminal.line(`${terminal.paint(`version ${version.version}`, "strong")}  ${terminal.paint(by, "dim")}`);
    for (const { path, before, after } of version.differences.map(differenceAsWritten))
      terminal.line(`  ${plainLine(path)}: ${shown(before)} → ${shown(after)}`);
  }
}

function shown(value: unknown): string {
  const text = plainLine(value === undefined || value === null ? "–" : JSON.stringify(value));
  return text.length <= valueCharsMax ? text : `${text.slice(0, valueCharsMax)}…`;
}
