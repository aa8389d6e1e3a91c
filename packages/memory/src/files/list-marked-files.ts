import { isUntrusted } from "@roost/contract/labels";
import type { Memory } from "../memory.ts";
import type { StoredMarks } from "../records/marks-of-text.ts";
import { listHomeFiles, type ListedFile } from "./list-home-files.ts";

/** What of a file rests on content that nobody vouches for. */
export interface FileMark {
  sources: readonly string[];
  /** From 1; null: the whole file. */
  lines: { from: number; to: number }[] | null;
}

/** Every file of the home, as its person sees it, with its mark as the last look at the home recorded it; null: it has none. */
export async function listMarkedFiles(memory: Memory): Promise<(ListedFile & { mark: FileMark | null })[]> {
  const { database, labelSets } = memory.kernel;
  const rows = await database.query<StoredMarks & { path: string }>(
    `select path, labels, sections from memory.file where event_id <> 'state'
     union all select 'memory/' || name || '-state.json', labels, null from memory.state where text is not null`,
    [],
    { name: "memory_marks_of_all" },
  );
  const marks = new Map<string, FileMark>();
  for (const { path, labels: all, sections } of rows) {
    const labels = await labelSets.read(database, all);
    if (!isUntrusted(labels)) continue;
    const lines: FileMark["lines"] = [];
    for (const [from, count, number] of sections ?? [])
      if (isUntrusted(await labelSets.read(database, number))) lines.push({ from, to: from + count - 1 });
    marks.set(path, { sources: labels.sources, lines: sections === null ? null : lines });
  }
  const files = await listHomeFiles(memory, { as: { kind: "main" } });
  return files.map((file) => ({ ...file, mark: marks.get(file.path) ?? null }));
}
