/**
 * Writes many files that are not there yet by one commit of their intents and one transaction: a crash in between is settled as that of single
 * writes. What is there, or cannot be written, is left to single writes, which say why.
 */
import assert from "node:assert/strict";
import { severalAtOnce } from "@roost/base";
import type { KernelTransaction } from "@roost/kernel";
import { FileFault } from "../disk/file-fault.ts";
import type { ResolvedPath } from "../disk/home-path.ts";
import { hashOf } from "../disk/read-disk-file.ts";
import { replaceFile } from "../disk/replace-file.ts";
import type { Memory } from "../memory.ts";
import { hasRecords, lockPaths } from "../records/file-records.ts";
import { insertIntents, recordWritten, takeIntents } from "../records/write-intents.ts";
import { intentOf, withdraw } from "./write-home-file.ts";
import type { WriteRequest } from "./write-request.ts";

export interface NewFile {
  target: ResolvedPath;
  bytes: Buffer;
  request: Pick<WriteRequest, "by" | "labels" | "marks">;
}

/** Of one call: no statement is sent while they are written, and a slow disk must not make the transaction look abandoned. */
export const newFilesMax = 32;

/** Each waits for the disk several times: others are written meanwhile. */
const filesAtOnce = 8;

/** Rolls back the records of all. */
class NotNew extends Error {}

/**
 * False: not all could be made. Those that were are on the disk and recorded, each by itself, and `alongside` was not; each is to be written by itself.
 * `alongside`: further records in the same transaction; may run more than once.
 */
export async function writeNewFiles(
  memory: Memory,
  files: readonly NewFile[],
  { alongside }: { alongside: (tx: KernelTransaction) => Promise<void> },
): Promise<boolean> {
  assert(files.length <= newFilesMax, `${files.length} files at once (limit ${newFilesMax})`);
  // Where the disk is on another machine it follows what is recorded.
  if (memory.mirror !== undefined) return false;
  await severalAtOnce(files, filesAtOnce, ({ bytes }) => memory.versions.put(bytes));
  const writes = files.map(({ target, bytes, request }) => {
    const given = { ...request, expected: "absent", as: { kind: "main" as const } };
    return { target, bytes, intent: intentOf(memory, { request: given, target, bytes, sha256: hashOf(bytes) }) };
  });
  await insertIntents(
    memory,
    writes.map(({ intent }) => intent),
  );
  // Outside the transaction's function, which is repeated after a deadlock: each file is made once.
  const made = new Map<string, Date>();
  try {
    await memory.kernel.transact(async (tx) => {
      const paths = writes.map(({ target }) => target.path);
      await lockPaths(tx, paths);
      const taken = await takeIntents(
        tx,
        writes.map(({ intent }) => intent.id),
      );
      if (taken < writes.length || (await hasRecords(tx, paths))) throw new NotNew();
      await severalAtOnce(writes, filesAtOnce, async ({ target: { path, absolute }, bytes, intent: { id } }) => {
        if (made.has(path)) return;
        const replaced = await replaceFile({ absolute, bytes, expected: "absent", id });
        if (replaced.state === "conflict") throw new NotNew();
        made.set(path, replaced.modifiedAt);
      });
      await alongside(tx);
      for (const { target, bytes, intent } of writes)
        await recordWritten(memory, tx, intent, {
          bytes,
          stamp: null,
          modifiedAt: made.get(target.path)!,
          isNew: true,
        });
    });
    return true;
  } catch (error) {
    if (!(error instanceof NotNew || error instanceof FileFault)) throw error;
    // Until they are recorded, what was made would be taken for an edit by the person.
    for (const { intent } of writes) await withdraw(memory, intent);
    return false;
  }
}
