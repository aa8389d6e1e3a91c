import type { JobRecord, Status } from "@roost/contract/operations";
import { plainLine, wrapText } from "@roost/base/text-width";
import type { Terminal } from "./create-terminal.ts";
import { relativeTime } from "./relative-time.ts";

/** What fails, a line each. */
export function describeAlarms(terminal: Pick<Terminal, "named">, alarms: Status["alarms"], nowMs: number): string[] {
  return alarms.map(({ text, since }) => {
    const when = since === null ? "" : ` (since ${relativeTime(since, nowMs)})`;
    return `! ${terminal.named(plainLine(text))}${when}`;
  });
}

/** What fails, in red, wrapped at words. */
export function printAlarms(terminal: Terminal, alarms: Status["alarms"], nowMs: number): void {
  for (const line of describeAlarms(terminal, alarms, nowMs))
    for (const part of wrapText(line, terminal.columns)) terminal.line(terminal.paint(part, "bad"));
}

/** "failed 3 times, first 2h ago" */
export function describeFailing({ count, since, runId }: NonNullable<JobRecord["failing"]>, nowMs: number): string {
  const when = relativeTime(since, nowMs);
  if (runId === null) return `no success since ${when}`;
  return count === 1 ? `failed ${when}` : `failed ${count} times, first ${when}`;
}
