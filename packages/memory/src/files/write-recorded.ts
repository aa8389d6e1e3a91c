/** Writes a file of a home whose disk is on another machine: by compare-and-swap of what is recorded. The disk follows: mirror/catch-up-disk.ts. */
import { RoostError } from "@roost/base";
import { rememberResult } from "@roost/kernel";
import type { ResolvedPath } from "../disk/home-path.ts";
import { textOf } from "../disk/read-disk-file.ts";
import type { Memory } from "../memory.ts";
import { filesChannel, lockPath, readRecord } from "../records/file-records.ts";
import { labelsOfAll } from "../records/line-marks.ts";
import { recordWritten, type WriteIntent } from "../records/write-intents.ts";
import { marksOfFile } from "./marks-of-file.ts";
import type { WriteOutcome, WriteRequest } from "./write-request.ts";

export interface RecordedWrite {
  request: Omit<WriteRequest, "path" | "text">;
  target: ResolvedPath;
  bytes: Buffer;
  intent: WriteIntent;
}

/** Rolls back what was remembered. */
class FoundOther extends Error {}

/** The version is in the version store. @throws RoostError `limit_exceeded` when what it replaces is too large to be recorded */
export async function writeRecorded(memory: Memory, write: RecordedWrite): Promise<WriteOutcome> {
  const { target, intent, request } = write;
  const { path } = target;
  try {
    return await memory.kernel.transact(async (tx) => {
      await lockPath(tx, path);
      const record = await readRecord(tx, path);
      if (record?.sha256 === null)
        throw new RoostError(
          "limit_exceeded",
          `${path} is too large to be written from another host than the home's: write it there, or split it`,
        );
      const { remember } = request;
      if (remember !== undefined && (await rememberResult(tx, remember, async () => ({ path }))).isRepeated)
        return { state: "repeated", path };
      const found = record?.sha256 ?? "absent";
      const isThere = found === intent.sha256;
      if (!isThere && found !== request.expected) throw new FoundOther();
      await request.alongside?.(tx);
      if (!isThere) {
        const modifiedAt = new Date(memory.kernel.clock.nowMs());
        const behind = record?.behind ?? found;
        await recordWritten(memory, tx, intent, { bytes: write.bytes, stamp: null, modifiedAt, behind });
        tx.wake(filesChannel);
      }
      return { state: "written", path, sha256: intent.sha256, bytes: write.bytes.length };
    });
  } catch (error) {
    if (error instanceof FoundOther) return await answerConflict(memory, write);
    throw error;
  }
}

async function answerConflict(memory: Memory, { target, request }: RecordedWrite): Promise<WriteOutcome> {
  const { path } = target;
  const record = await readRecord(memory.kernel.database, path);
  const sha256 = record?.sha256 ?? "absent";
  const bytes = sha256 === "absent" ? undefined : await memory.versions.get(sha256);
  const text = (bytes && textOf(bytes)) ?? "";
  return {
    state: "conflict",
    path,
    sha256,
    text,
    labels: labelsOfAll(await marksOfFile(memory, request.as, { path, sha256, text })),
  };
}
