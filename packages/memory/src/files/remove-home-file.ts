/** Removes a file of the home for a person or a host, only over the content that they have seen. Its versions stay in the log and the version store, those of a large one within their limits. */
import { RoostError } from "@roost/base";
import { resolveHomePath } from "../disk/home-path.ts";
import { readDiskFile } from "../disk/read-disk-file.ts";
import { removeFile } from "../disk/replace-file.ts";
import type { Memory } from "../memory.ts";
import { requireDisk } from "../mirror/require-disk.ts";
import { overCaughtUpDisk } from "../mirror/catch-up-disk.ts";
import { lockPath, readRecord, recordOutsideEdit } from "../records/file-records.ts";
import { recordFound, settleIntents } from "../records/write-intents.ts";
import { stateNameOf } from "../visibility/home-file-class.ts";
import type { Viewer } from "../visibility/viewer.ts";
import { refuseUnwritable } from "../visibility/visibility.ts";
import { isLargeThere } from "./keep-large-file.ts";
import { removeLargeFile } from "./large-files.ts";

export interface RemoveRequest {
  path: string;
  /** SHA-256 of the content that the remover has seen. */
  expected: string;
  as: Viewer;
  by: string;
}

export type RemoveOutcome =
  | { state: "removed" }
  /** It has another content: what stands there stays. */
  | { state: "conflict"; sha256: string };

/** Gone already: nothing changes. @throws RoostError `forbidden`, `invalid_input`; FileFault when the disk refuses */
export async function removeHomeFile(memory: Memory, request: RemoveRequest): Promise<RemoveOutcome> {
  requireDisk(memory, `removing ${request.path}`);
  const { path, absolute } = await resolveHomePath(memory.homeDir, request.path);
  refuseUnwritable(request.as, path);
  if (stateNameOf(path) !== undefined)
    throw new RoostError("invalid_input", `${path} is a state: give it another value instead of removing its file`);
  if (isLargeThere(absolute))
    return await removeLargeFile(memory, { path, absolute, expected: request.expected, by: request.by });
  await settleIntents(memory, path);
  const id = memory.kernel.createId();
  return overCaughtUpDisk(memory, path, () =>
    memory.kernel.transact(async (tx): Promise<RemoveOutcome | "again"> => {
      await lockPath(tx, path);
      const before = await readRecord(tx, path);
      if (before?.behind != null) return "again";
      const disk = await readDiskFile(absolute);
      await recordFound(memory, tx, { path, disk, record: before });
      if (disk === undefined) return { state: "removed" };
      if (disk.sha256 !== request.expected) return { state: "conflict", sha256: disk.sha256 };
      const removed = await removeFile({ absolute, expected: disk.sha256, id });
      if (removed.state === "conflict") return { state: "conflict", sha256: removed.current?.sha256 ?? disk.sha256 };
      const record = await readRecord(tx, path);
      await recordOutsideEdit(memory, tx, { path, disk: undefined, record, by: request.by });
      return { state: "removed" };
    }),
  );
}
