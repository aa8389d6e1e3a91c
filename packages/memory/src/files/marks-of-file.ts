/** The labels of a file's lines on disk now, including an edit that no scan has recorded. */
import { joinLabels } from "@roost/contract/labels";
import { labelsOfLost } from "../history/lost-history.ts";
import type { HomeFiles } from "../memory.ts";
import { marksOfText, readRecordedMarks, type RecordedMarks } from "../records/marks-of-text.ts";
import { loadMarks } from "../records/stored-marks.ts";
import { marksOfAll, type LineMarks } from "../records/line-marks.ts";
import { readStateRow } from "../state/state-row.ts";
import { stateNameOf } from "../visibility/home-file-class.ts";
import { labelsFromOutside, placedForViewer } from "../visibility/placed-at.ts";
import type { Viewer } from "../visibility/viewer.ts";

export interface FileOnDisk {
  path: string;
  sha256: string;
  text: string;
}

/** `recorded`: given when the rows of several files were read at once. */
export async function marksOfFile(
  memory: HomeFiles,
  viewer: Viewer,
  file: FileOnDisk,
  recorded?: ReadonlyMap<string, RecordedMarks>,
): Promise<LineMarks> {
  const marks = await marksOnDisk(memory, file, recorded);
  return marks.map((section) => ({ ...section, labels: placedForViewer(viewer, file.path, section.labels) }));
}

async function marksOnDisk(
  memory: HomeFiles,
  { path, sha256, text }: FileOnDisk,
  rows: ReadonlyMap<string, RecordedMarks> | undefined,
): Promise<LineMarks> {
  const { database } = memory.kernel;
  const stateName = stateNameOf(path);
  if (stateName !== undefined) return marksOfState(memory, { path, sha256, text }, stateName);
  const recorded = (rows ?? (await readRecordedMarks(database, [path]))).get(path);
  if (recorded?.sha256 === sha256) return loadMarks(memory, database, recorded, text);
  const outside = await labelsOfLost(memory, database, { path, sha256 });
  return marksOfText(memory, database, { path, sha256, text, outside, recorded });
}

/** A state is marked as a whole. */
async function marksOfState(
  { kernel }: HomeFiles,
  { path, sha256, text }: FileOnDisk,
  name: string,
): Promise<LineMarks> {
  const row = await readStateRow(kernel.database, name);
  const outside = labelsFromOutside(path);
  if (row === undefined) return marksOfAll(text, outside);
  const labels = await kernel.labelSets.read(kernel.database, row.labels);
  return marksOfAll(text, row.sha256 === sha256 ? labels : joinLabels(labels, outside));
}
