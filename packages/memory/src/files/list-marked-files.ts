/** The files of a home with their marks: for the person, who takes them away, and for sessions, which are told which names to trust. */
import { isUntrusted, openLabels, type Labels } from "@roost/contract/labels";
import type { Memory } from "../memory.ts";
import type { StoredMarks } from "../records/stored-marks.ts";
import { hasKnownName } from "../visibility/has-known-name.ts";
import { labelsFromOutside, placedForViewer } from "../visibility/placed-at.ts";
import type { Viewer } from "../visibility/viewer.ts";
import { listHomeFiles, type ListedFile } from "./list-home-files.ts";

/** What of a file rests on untrusted content. */
export interface FileMark {
  sources: readonly string[];
  /** From 1; null: the whole file. */
  lines: { from: number; to: number }[] | null;
}

export interface MarkedFileListing extends ListedFile {
  mark: FileMark | null;
  /** Of the name: of a marked file it can be a text from outside as well. */
  labels: Labels;
}

/** The files that the viewer may see, with their marks as the last look at the home recorded them. */
export async function listMarkedFiles(
  memory: Memory,
  { as, under }: { as: Viewer; under?: string | undefined },
): Promise<MarkedFileListing[]> {
  const { database, labelSets } = memory.kernel;
  const rows = await database.query<StoredMarks & { path: string; by: string | undefined }>(
    `select path, labels, sections, null as by from memory.file where event_id <> 'state'
     union all select 'memory/' || name || '-state.json', labels, null, updated_by from memory.state where text is not null`,
    [],
    { name: "memory_marks_of_all" },
  );
  const known = new Map(rows.map((row) => [row.path, row]));
  const files = await listHomeFiles(memory, { as, under });
  return Promise.all(
    files.map(async (file): Promise<MarkedFileListing> => {
      const { path } = file;
      const row = known.get(path);
      const all = row === undefined ? labelsFromOutside(path) : await labelSets.read(database, row.labels);
      if (!isUntrusted(all)) return { ...file, mark: null, labels: openLabels };
      const lines: FileMark["lines"] = [];
      for (const [from, count, number] of row?.sections ?? [])
        if (isUntrusted(await labelSets.read(database, number))) lines.push({ from, to: from + count - 1 });
      return {
        ...file,
        mark: { sources: all.sources, lines: row?.sections == null ? null : lines },
        labels: hasKnownName(as, path, row?.by) ? openLabels : placedForViewer(as, path, all),
      };
    }),
  );
}
