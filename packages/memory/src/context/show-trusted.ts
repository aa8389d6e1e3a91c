/**
 * Replaces untrusted text in a context by Roost's own description. A tool shows the text and marks the run that reads it. So a line from a web page
 * does not mark every run that sees the note it stands in.
 */
import { isUntrusted, joinLabels, openLabels, type Labels } from "@roost/contract/labels";
import { linesIn, linesOf, type LineMarks } from "../records/line-marks.ts";
import { nameSources } from "../visibility/name-sources.ts";
import { mayKnow } from "../visibility/clearance.ts";
import type { Viewer } from "../visibility/viewer.ts";

/** "the answer (1200 characters) rests on content from web:example.com: read_run … shows it" */
export function withheld(
  what: string,
  { charCount, labels, where }: { charCount: number; labels: Labels; where: string },
) {
  return `(${what}, ${charCount} characters, rests on content from ${nameSources(labels)}: ${where} shows it)`;
}

export interface ShownText {
  text: string;
  /** Of what is shown. */
  labels: Labels;
}

/** The text of a file with a line by Roost in place of each part that is not shown. */
export function showTrusted(
  viewer: Viewer,
  { path, text, marks }: { path: string; text: string; marks: LineMarks },
): ShownText {
  const lines = linesOf(text);
  const shown: string[] = [];
  let labels = openLabels;
  for (const section of marks) {
    const part = linesIn(lines, section);
    if (!mayKnow(viewer, section.labels)) {
      shown.push(`[${linesNamed(section)} of ${path} are not for this session]`);
    } else if (isUntrusted(section.labels)) {
      shown.push(
        `[${linesNamed(section)} of ${path} rest on content from ${nameSources(section.labels)} and are not shown here: read_file ${path} shows them]`,
      );
    } else {
      shown.push(...part);
      labels = joinLabels(labels, section.labels);
    }
  }
  return { text: shown.join("\n"), labels };
}

function linesNamed({ from, count }: { from: number; count: number }): string {
  return count === 1 ? `line ${from}` : `lines ${from} to ${from + count - 1}`;
}
