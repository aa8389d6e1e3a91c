/**
 * The home files at the start of a context, in a fixed order, filtered by visibility and each cut to its share. An unreadable one is shown with the
 * reason.
 */
import { RoostError } from "@roost/base";
import { openLabels } from "@roost/contract/labels";
import { FileFault } from "../disk/file-fault.ts";
import { homeLimits, shownCharsMax } from "../disk/home-limits.ts";
import { findHomeFile } from "../files/read-home-file.ts";
import { marksOfFile } from "../files/marks-of-file.ts";
import { correctText, type Correction } from "../facts/corrections.ts";
import type { Memory } from "../memory.ts";
import type { RecordedMarks } from "../records/marks-of-text.ts";
import type { LineMarks } from "../records/line-marks.ts";
import type { LabelledSection } from "./section.ts";
import { showTrusted } from "./show-trusted.ts";
import type { Viewer } from "../visibility/viewer.ts";

/** What was shown, for the record: enough to find the exact version. */
export interface ShownFile {
  path: string;
  sha256: string;
  chars: number;
  shownChars: number;
}

export interface FileSections {
  sections: LabelledSection[];
  shown: ShownFile[];
}

/** `paths` of contextPaths, with what is recorded of them. */
export async function fileSections(
  memory: Memory,
  viewer: Viewer,
  {
    paths,
    recorded,
    corrections = [],
  }: {
    paths: readonly string[];
    recorded: ReadonlyMap<string, RecordedMarks>;
    corrections?: readonly Correction[];
  },
): Promise<FileSections> {
  const sections: LabelledSection[] = [];
  const shown: ShownFile[] = [];
  let leftChars: number = homeLimits.contextCharsMax;
  const files = await Promise.all(paths.map((path) => findReadable(memory, path, { viewer, recorded })));
  for (const [index, file] of files.entries()) {
    const path = paths[index]!;
    if (file === undefined) continue;
    if ("problem" in file) {
      sections.push({ name: path, text: `(${path} could not be read: ${file.problem})`, labels: openLabels });
      continue;
    }
    const { text: asWritten, labels } = showTrusted(viewer, file);
    const trusted = correctText(asWritten, corrections);
    if (trusted.trim() === "") continue;
    const charsMax = Math.min(leftChars, shownCharsMax(path));
    const keep = path.startsWith("memory/") ? "end" : path === "MEMORY.md" ? "both" : "beginning";
    const text = cutTo(trusted, { charsMax, path, keep });
    leftChars -= Math.min(trusted.length, charsMax);
    sections.push({ name: path, text, labels });
    // A link shows the text of its target, which the viewer may see: findHomeFile refuses others.
    shown.push({
      path: file.path,
      sha256: file.sha256,
      chars: file.text.length,
      shownChars: Math.min(trusted.length, charsMax),
    });
  }
  return { sections, shown };
}

type Found = { path: string; text: string; sha256: string; marks: LineMarks } | { problem: string } | undefined;

/** An unreadable file is named in the context: the run goes on and knows what is missing. */
async function findReadable(
  memory: Memory,
  path: string,
  { viewer, recorded }: { viewer: Viewer; recorded: ReadonlyMap<string, RecordedMarks> },
): Promise<Found> {
  try {
    const file = await findHomeFile(memory, path, { as: viewer });
    // A link has the marks of its target.
    const rows = file?.path === path ? recorded : undefined;
    return file && { ...file, marks: await marksOfFile(memory, viewer, file, rows) };
  } catch (error) {
    if (!(error instanceof RoostError) || error.code === "unavailable") throw error;
    memory.logger.warn("a file of the home was left out of a context", {
      path,
      code: error.code,
      error: error.message,
    });
    return { problem: error instanceof FileFault ? error.reason : error.message };
  }
}

function cutTo(
  text: string,
  { charsMax, path, keep }: { charsMax: number; path: string; keep: "beginning" | "end" | "both" },
): string {
  if (text.length <= charsMax) return text;
  const note = `[${text.length - charsMax} of ${text.length} characters are left out; read_file ${path} shows all]`;
  if (keep === "end") return `${note}\n${charsMax === 0 ? "" : text.slice(-charsMax).toWellFormed()}`;
  if (keep === "beginning" || charsMax < 2) return `${text.slice(0, charsMax).toWellFormed()}\n${note}`;
  // What was noted last stands at the end.
  const half = Math.floor(charsMax / 2);
  return `${text.slice(0, charsMax - half).toWellFormed()}\n${note}\n${text.slice(-half).toWellFormed()}`;
}
