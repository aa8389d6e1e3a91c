/** Reads one text file of the home from disk for a viewer. */
import { RoostError } from "@roost/base";
import { resolveHomePath } from "../disk/home-path.ts";
import { textOf } from "../disk/read-disk-file.ts";
import type { Memory } from "../memory.ts";
import type { Viewer } from "../visibility/viewer.ts";
import type { LineMarks } from "../records/line-marks.ts";
import { marksOfFile } from "./marks-of-file.ts";
import { refuseUnseen } from "../visibility/visibility.ts";

export interface HomeFile {
  /** The real path, relative to the home. */
  path: string;
  text: string;
  /** Compared by a later write of this file. */
  sha256: string;
  bytes: number;
  modifiedAt: Date;
}

export interface MarkedFile extends HomeFile {
  /** Labels of its lines, as they count for the reader. */
  marks: LineMarks;
}

/**
 * Reads a text file of the home.
 * @throws RoostError `forbidden` when the viewer may not see it, `not_found`, `limit_exceeded` when it is too large, `invalid_input` when it is not
 * text or the path is malformed
 */
export async function readHomeFile(memory: Memory, path: string, { as }: { as: Viewer }): Promise<HomeFile> {
  const file = await findHomeFile(memory, path, { as });
  if (file === undefined) throw new RoostError("not_found", `there is no ${path} in the home`);
  return file;
}

/** As readHomeFile; undefined when there is none. */
export async function findHomeFile(
  memory: Memory,
  path: string,
  { as }: { as: Viewer },
): Promise<HomeFile | undefined> {
  const resolved = await resolveHomePath(memory.homeDir, path);
  refuseUnseen(as, resolved.path);
  const disk = await memory.keptFiles.read(resolved.absolute);
  if (disk === undefined) return undefined;
  const text = textOf(disk.bytes);
  if (text === undefined)
    throw new RoostError(
      "invalid_input",
      `${path} is not a text file: it has ${disk.bytes.length} bytes that are not UTF-8`,
    );
  return { path: resolved.path, text, sha256: disk.sha256, bytes: disk.bytes.length, modifiedAt: disk.modifiedAt };
}

/** As readHomeFile, with its labels. */
export async function readMarkedFile(memory: Memory, path: string, { as }: { as: Viewer }): Promise<MarkedFile> {
  const file = await readHomeFile(memory, path, { as });
  return { ...file, marks: await marksOfFile(memory, as, file) };
}
