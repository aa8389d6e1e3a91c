/** The versions of a file of the home, and bringing one back. Of files below 1 MiB all are kept, of larger ones those within the limits. */
import { open, rm } from "node:fs/promises";
import { join } from "node:path";
import { RoostError } from "@roost/base";
import { readBefore } from "@roost/kernel";
import { requireRoom } from "@roost/objects";
import { toFileFault } from "../disk/file-fault.ts";
import { stampNow } from "../disk/file-hashes.ts";
import { readDiskFile } from "../disk/read-disk-file.ts";
import type { Memory } from "../memory.ts";
import { requireDisk } from "../mirror/require-disk.ts";
import { readRecord } from "../records/file-records.ts";
import { listLargeVersions, renewKept, type KnownVersion } from "../records/large-versions.ts";
import { stateNameOf } from "../visibility/home-file-class.ts";
import type { Viewer } from "../visibility/viewer.ts";
import { isLargeFile, refuseTooLarge } from "./keep-large-file.ts";
import { putInPlace } from "./large-files.ts";
import { findSeen } from "./read-home-file.ts";
import { makeRoom, openIncoming } from "./take-incoming.ts";
import { findTarget } from "./write-home-file.ts";

export interface ListedVersion {
  sha256: string;
  bytes: number;
  /** When it was recorded; of a large file, when it was last found with it. */
  at: Date;
  /** Who wrote, brought or restored it. Undefined: an edit outside of Roost, or a large file. */
  by?: string | undefined;
  /** Of a large file: its bytes were removed, and why. */
  dropped?: KnownVersion["dropped"];
}

export interface ListedVersions {
  /** The newest first. */
  versions: ListedVersion[];
  /** Of what the disk has now. Undefined also where that is not recorded and not read for it: it is large, changes or is unreadable. */
  present: string | undefined;
}

const versionsMax = 1_000;
/** Pages of the log that are read for a file whose changes are rare. */
const pagesMax = 20;

/** @throws RoostError `forbidden` when the viewer may not see it */
export async function listFileVersions(memory: Memory, path: string, { as }: { as: Viewer }): Promise<ListedVersions> {
  const seen = await findSeen(memory, path, as);
  const [recorded, large, present] = await Promise.all([
    readRecorded(memory, seen.path),
    listLargeVersions(memory.kernel.database, { path: seen.path, limit: versionsMax }),
    findPresent(memory, seen),
  ]);
  const versions = [
    ...recorded,
    ...large.map(({ sha256, bytes, keptAt, dropped }) => ({ sha256, bytes, at: keptAt, dropped })),
  ];
  return {
    versions: versions.toSorted((left, right) => right.at.getTime() - left.at.getTime()).slice(0, versionsMax),
    present,
  };
}

async function findPresent(
  { kernel, mirror }: Memory,
  { path, absolute }: { path: string; absolute: string },
): Promise<string | undefined> {
  const record = await readRecord(kernel.database, path);
  // Where the home's disk is on another machine the record is all that is known.
  const recorded = record?.sha256 ?? record?.keptSha256 ?? undefined;
  if (mirror !== undefined) return recorded;
  try {
    return stampNow(absolute) === record?.stamp ? recorded : (await readDiskFile(absolute))?.sha256;
  } catch {
    return undefined;
  }
}

/** Those that were recorded together with their content, as the log has them: each content once, as it was last written. */
async function readRecorded({ kernel }: Memory, path: string): Promise<ListedVersion[]> {
  const found = new Map<string, ListedVersion>();
  let below;
  for (let page = 0; page < pagesMax && found.size < versionsMax; page += 1) {
    const read = await readBefore(kernel.database, {
      topics: ["home"],
      types: ["file.written", "file.edited"],
      subject: path,
      below,
      limit: versionsMax,
    });
    for (const { time, data } of read.events) {
      const { sha256, bytes, by } = data as { sha256?: string; bytes?: number; by?: string };
      if (sha256 !== undefined && !found.has(sha256)) found.set(sha256, { sha256, bytes: bytes ?? 0, at: time, by });
    }
    if (read.isWhole) break;
    below = read.below;
  }
  return [...found.values()];
}

export interface RestoreRequest {
  path: string;
  /** The version. */
  sha256: string;
  /** Another place for it; default: its own. */
  to?: string | undefined;
  as: Viewer;
  by: string;
  /** What of the disk stays free; default 1 GiB. */
  reserveBytes?: number | undefined;
}

/**
 * Puts a version in the place of the file, which becomes a version itself first. Piece by piece, whatever its size.
 * @throws RoostError `not_found` when it is no version of the file, or was removed; `conflict`, `forbidden`; `limit_exceeded` when the disk
 * has no room for it, or what stands there is too large to become a version; FileFault when the disk refuses
 */
export async function restoreFileVersion(
  memory: Memory,
  { path, sha256, to = path, as, by, reserveBytes }: RestoreRequest,
): Promise<{ path: string; sha256: string; bytes: number }> {
  requireDisk(memory, `restoring ${path}`);
  const version = await findVersion(memory, { path, sha256, as });
  const target = await findTarget(memory, { path: to, as });
  if (stateNameOf(target.path) !== undefined)
    throw new RoostError("invalid_input", `${target.path} is a state: give it another value instead`);
  refuseTooLarge(target);
  const folder = await openIncoming(memory);
  // Also of what a restore left whose process was killed.
  await makeRoom(folder);
  const file = join(folder, memory.kernel.createId());
  try {
    if (isLargeFile(version.bytes)) await requireRoom(folder, { bytes: version.bytes, reserveBytes });
    await fetchVersion(memory, { sha256, file, absolute: target.absolute });
    const expected = (await memory.fileHashes.of(target.absolute))?.sha256 ?? "absent";
    const outcome = await putInPlace(memory, { ...target, ...version, expected, by, file });
    if (outcome.state === "written") {
      // It is what the file is, until a look finds that: of its versions the newest.
      await renewKept(memory.kernel.database, { path: target.path, sha256 });
      return { path: target.path, ...version };
    }
    throw new RoostError("conflict", `${target.path} changes while it is restored: try again`);
  } finally {
    await rm(file, { force: true });
  }
}

async function findVersion(
  memory: Memory,
  { path, sha256, as }: Pick<RestoreRequest, "path" | "sha256" | "as">,
): Promise<{ sha256: string; bytes: number }> {
  const { versions } = await listFileVersions(memory, path, { as });
  const version = versions.find((one) => one.sha256 === sha256);
  if (version === undefined) throw new RoostError("not_found", `${sha256.slice(0, 12)} is no version of ${path}`);
  if (version.dropped === undefined) return { sha256, bytes: version.bytes };
  throw new RoostError(
    "not_found",
    `version ${sha256.slice(0, 12)} of ${path} was removed (retention.largeFiles in roost.yaml): restore another`,
  );
}

async function fetchVersion(
  { versions }: Memory,
  { sha256, file, absolute }: { sha256: string; file: string; absolute: string },
): Promise<void> {
  try {
    await using handle = await open(file, "wx", 0o600);
    for await (const piece of versions.read(sha256)) await handle.writeFile(piece);
    await handle.sync();
  } catch (error) {
    throw toFileFault(error, absolute);
  }
}
