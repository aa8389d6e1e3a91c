/** Renders a digest: results in full up to a cap each, then where to read the rest. Pure. */
import type { DroppedEvents } from "@roost/kernel";
import { ageText } from "../state/staleness.ts";
import type { Calendar } from "../visibility/calendar.ts";
import type { DigestItem } from "./digest-item.ts";

export const digestLimits = {
  itemCharsMax: 12_000,
  textCharsMax: 40_000,
  linesMax: 120,
  namesMax: 30,
} as const;

export interface RenderedDigest {
  /** Empty: nothing happened. */
  text: string;
}

export interface RenderDigest {
  nowMs: number;
  shownAt: Date | null;
  calendar: Calendar;
  isComplete: boolean;
  dropped: readonly DroppedEvents[];
}

export function renderDigest(items: readonly DigestItem[], options: RenderDigest): RenderedDigest {
  const { dropped } = options;
  if (items.length === 0 && dropped.length === 0) return { text: "" };
  const entries = grouped(items);
  const shown = entries.slice(-digestLimits.linesMax);
  const budget = { leftChars: digestLimits.textCharsMax };
  // If not everything fits, the newest are shown in full.
  const lines = shown
    .toReversed()
    .map((entry) => blockOf(entry, options, budget))
    .toReversed();
  const hidden = entries.length - shown.length;
  return {
    text: [
      introduction(options),
      ...(dropped.length === 0 ? [] : [droppedText(dropped)]),
      ...(hidden > 0 ? [`(${hidden} older entries are left out: read_log shows them)`] : []),
      ...lines,
      ...(options.isComplete ? [] : ["(more has happened since; it follows at your next turn)"]),
    ].join("\n\n"),
  };
}

function droppedText(dropped: readonly DroppedEvents[]): string {
  const counts = dropped.map(({ topic, count }) => `${count} of ${topic}`).join(", ");
  return `(before you could be told of them, the retention settings dropped events from the log: ${counts}; list_runs and the files show what came of them)`;
}

function introduction({ shownAt, nowMs, calendar }: RenderDigest): string {
  if (shownAt === null) return "What happened lately, outside this conversation:";
  const ago = ageText(nowMs - shownAt.getTime());
  return `Since your last turn (${calendar.momentAt(shownAt.getTime())}, ${ago} ago) this happened outside this conversation:`;
}

interface Entry extends DigestItem {
  count: number;
  names: string[];
}

/** Merges items of a group without text: runs with nothing to report, edited files. */
function grouped(items: readonly DigestItem[]): Entry[] {
  const entries: Entry[] = [];
  const open = new Map<string, Entry>();
  for (const item of items) {
    const known = item.group === undefined || item.text !== undefined ? undefined : open.get(item.group);
    if (known !== undefined) {
      known.count += 1;
      known.at = item.at;
      known.names = known.names.filter((name) => name !== item.title).concat(item.title);
      continue;
    }
    const entry: Entry = { ...item, count: 1, names: [item.title] };
    entries.push(entry);
    if (item.group !== undefined && item.text === undefined) open.set(item.group, entry);
  }
  return entries.sort((left, right) => left.at.getTime() - right.at.getTime());
}

function headOf(entry: Entry, { calendar, nowMs }: RenderDigest): string {
  const ms = entry.at.getTime();
  const day = calendar.dayAt(ms);
  const time = calendar.timeOfDayAt(ms);
  const when = day === calendar.dayAt(nowMs) ? time : `${day} ${time}`;
  const run = entry.runId === undefined ? "" : ` (run ${entry.runId})`;
  return `## ${when} · ${titleOf(entry)}${entry.count === 1 ? run : ""}`;
}

function titleOf(entry: Entry): string {
  const isFiles =
    entry.group !== undefined && (entry.group.startsWith("written by") || entry.group === "edited outside");
  if (isFiles) {
    const more = entry.names.length - digestLimits.namesMax;
    return `${entry.group}: ${entry.names.slice(0, digestLimits.namesMax).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
  }
  return entry.count === 1 ? entry.title : `${entry.names.at(-1)} (${entry.count} times, last at this time)`;
}

function blockOf(entry: Entry, options: RenderDigest, budget: { leftChars: number }): string {
  const head = headOf(entry, options);
  if (entry.text === undefined) return head;
  const where = entry.runId === undefined ? "read_log shows it" : `read_run ${entry.runId} shows all`;
  const charsMax = Math.min(digestLimits.itemCharsMax, budget.leftChars);
  if (entry.text.length <= charsMax) {
    budget.leftChars -= entry.text.length;
    return `${head}\n${entry.text}`;
  }
  if (charsMax < 500) return `${head}\n(${entry.text.length} characters: ${where})`;
  budget.leftChars -= charsMax;
  return `${head}\n${entry.text.slice(0, charsMax).toWellFormed()}\n(${entry.text.length - charsMax} more characters: ${where})`;
}
