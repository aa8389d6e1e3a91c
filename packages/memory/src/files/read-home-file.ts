/** Reads one text file of the home from disk for a viewer. */
import { basename } from "node:path";
import { RoostError } from "@roost/base";
import type { Labels } from "@roost/contract/labels";
import { partLimits, type Part } from "@roost/contract/part";
import { resolveHomePath, type ResolvedPath } from "../disk/home-path.ts";
import { readDiskFile, textOf } from "../disk/read-disk-file.ts";
import type { Memory } from "../memory.ts";
import type { Viewer } from "../visibility/viewer.ts";
import { keepPart } from "../parts/parts.ts";
import { readRecord } from "../records/file-records.ts";
import { labelsOfAll, type LineMarks } from "../records/line-marks.ts";
import { marksOfFile } from "./marks-of-file.ts";
import { readKeptFile } from "./read-kept-file.ts";
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

/** A file that is no text, as a part. */
export interface BinaryFile {
  path: string;
  part: Part;
  labels: Labels;
}

/** As readMarkedFile; a file that is no text is kept as a part of the run that reads it. */
export async function readAnyFile(
  memory: Memory,
  path: string,
  { as, runId }: { as: Viewer; runId: string },
): Promise<MarkedFile | BinaryFile> {
  const resolved = await findSeen(memory, path, as);
  const disk = await readWhole(memory, resolved);
  const text = disk && textOf(disk.bytes);
  if (disk === undefined || text !== undefined) return readMarkedFile(memory, path, { as });
  // It has no lines: as a text that nothing stood in before it is marked as a whole.
  const labels = labelsOfAll(
    await marksOfFile(memory, as, { path: resolved.path, sha256: disk.sha256, text: disk.sha256 }),
  );
  const part = await keepPart(memory, { content: disk.bytes, name: basename(resolved.path), labels, runId });
  return { path: resolved.path, part, labels };
}

/**
 * Reads a text file of the home.
 * @throws RoostError `forbidden` when the viewer may not see it, `not_found`, `limit_exceeded` when it is too large, `invalid_input` when it is not
 * text or the path is malformed
 */
export async function readHomeFile(memory: Memory, path: string, { as }: { as: Viewer }): Promise<HomeFile> {
  const file = await findHomeFile(memory, path, { as });
  if (file === undefined) throw await missing(memory, path);
  return file;
}

/** The bytes of any file. @throws RoostError `not_found`, as readHomeFile */
export async function readFileBytes(
  memory: Memory,
  path: string,
  { as }: { as: Viewer },
): Promise<{ bytes: Uint8Array<ArrayBuffer>; isText: boolean }> {
  const resolved = await findSeen(memory, path, as);
  const disk = await readWhole(memory, resolved);
  if (disk === undefined) throw await missing(memory, resolved.path);
  return { bytes: Uint8Array.from(disk.bytes), isText: textOf(disk.bytes) !== undefined };
}

/** Pictures and documents may be larger than what is written and compared. Such a one of a home whose disk is elsewhere comes from its newest version. */
async function readWhole(
  memory: Memory,
  { path, absolute }: ResolvedPath,
): Promise<{ bytes: Buffer; sha256: string } | undefined> {
  const bytesMax = partLimits.bytesMax;
  const disk = await readDiskFile(absolute, { bytesMax });
  if (disk !== undefined || memory.mirror === undefined) return disk;
  const { sha256, bytes } = await readKeptFile(memory, path);
  if (bytes > bytesMax)
    throw new RoostError("limit_exceeded", `${path} has ${bytes} bytes (limit ${bytesMax}): split it`);
  const content = await memory.versions.get(sha256);
  return content && { bytes: Buffer.from(content), sha256 };
}

/** As readHomeFile; undefined when there is none. */
export async function findHomeFile(
  memory: Memory,
  path: string,
  { as }: { as: Viewer },
): Promise<HomeFile | undefined> {
  const resolved = await findSeen(memory, path, as);
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

/** `not_found`; `unavailable` where the home's disk is elsewhere and the file is large. */
async function missing({ kernel, mirror }: Memory, path: string): Promise<RoostError> {
  const record = mirror && (await readRecord(kernel.database, path));
  return record?.sha256 === null
    ? new RoostError(
        "unavailable",
        `${path} is large: it is read in parts once the object store has it, or where the home's disk is`,
        { details: { needs: "home" } },
      )
    : new RoostError("not_found", `there is no ${path} in the home`);
}

/** Where it is, as of now. @throws RoostError `forbidden` when the viewer may not see it, `invalid_input` */
export async function findSeen(memory: Memory, path: string, as: Viewer): Promise<ResolvedPath> {
  await memory.mirror?.refresh();
  const resolved = await resolveHomePath(memory.homeDir, path);
  refuseUnseen(as, resolved.path);
  return resolved;
}
