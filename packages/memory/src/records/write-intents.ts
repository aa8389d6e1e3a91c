/**
 * Table memory.file_intent. An intent is committed before its file is replaced and deleted in the transaction that records the
 * replacement. One that is found later, with nobody holding the path's lock, belongs to a writer that is gone: what is on the disk
 * says how far it came.
 */
import type { JsonObject } from "@roost/base";
import { rememberResult, type KernelTransaction } from "@roost/kernel";
import { join } from "node:path";
import { readDiskFile } from "../disk/read-disk-file.ts";
import { removeTemporaries } from "../disk/replace-file.ts";
import type { Memory } from "../memory.ts";
import type { Author } from "../visibility/viewer.ts";
import { authorFields, readRecord, recordOutsideEdit, saveRecord, tryLockPath } from "./file-records.ts";

export interface WriteIntent {
  id: string;
  path: string;
  /** Null: there was no file. */
  previousSha256: string | null;
  sha256: string;
  bytes: number;
  author: Author & { remember?: { scope: string; key: string } };
}

const columns = `id, path, previous_sha256 as "previousSha256", sha256, bytes, author`;
const intentsMax = 1000;

export async function insertIntent(memory: Memory, intent: WriteIntent): Promise<void> {
  await memory.kernel.database.query(
    "insert into memory.file_intent (id, path, previous_sha256, sha256, bytes, author) values ($1, $2, $3, $4, $5, $6)",
    [intent.id, intent.path, intent.previousSha256, intent.sha256, intent.bytes, JSON.stringify(intent.author)],
    { name: "memory_insert_intent" },
  );
}

/** False: somebody took the writer for dead; it has to begin again. */
export async function takeIntent(tx: KernelTransaction, id: string): Promise<boolean> {
  const rows = await tx.query("delete from memory.file_intent where id = $1 returning id", [id], {
    name: "memory_take_intent",
  });
  return rows.length > 0;
}

export async function hasIntents(memory: Memory): Promise<boolean> {
  return (
    (await memory.kernel.database.query("select 1 from memory.file_intent limit 1", [], { name: "memory_has_intents" }))
      .length > 0
  );
}

/** Brings the writes of writers that are gone to their end: recorded when the file was replaced, forgotten when not. */
export async function settleIntents(memory: Memory, path?: string): Promise<void> {
  const intents = await memory.kernel.database.query<WriteIntent>(
    `select ${columns} from memory.file_intent where $1::text is null or path = $1 order by created_at, id limit ${intentsMax}`,
    [path ?? null],
    { name: "memory_read_intents" },
  );
  for (const intent of intents) {
    const isSettled = await memory.kernel.transact(
      async (tx) => (await tryLockPath(tx, intent.path)) && settleIntent(memory, tx, intent),
    );
    if (isSettled) await removeTemporaries(join(memory.homeDir, intent.path), intent.id);
  }
}

async function settleIntent(memory: Memory, tx: KernelTransaction, intent: WriteIntent): Promise<boolean> {
  if (!(await takeIntent(tx, intent.id))) return false;
  const disk = await readDiskFile(join(memory.homeDir, intent.path));
  const record = await readRecord(tx, intent.path);
  const wasReplaced =
    disk?.sha256 === intent.sha256 &&
    (record?.sha256 ?? null) === intent.previousSha256 &&
    intent.sha256 !== intent.previousSha256;
  if (!wasReplaced) {
    await recordOutsideEdit(memory, tx, { path: intent.path, disk, record });
    return true;
  }
  memory.logger.info("a write whose writer is gone was on the disk already and is recorded now", { path: intent.path });
  await recordWritten(tx, intent, { stamp: disk.stamp, modifiedAt: disk.modifiedAt });
  const { remember } = intent.author;
  if (remember !== undefined)
    await rememberResult(tx, remember, async () => ({ path: intent.path, sha256: intent.sha256 }));
  return true;
}

/** Emits file.written and makes its content the known one. The caller holds the path's lock. */
export async function recordWritten(
  tx: KernelTransaction,
  intent: WriteIntent,
  disk: { stamp: string | null; modifiedAt: Date },
): Promise<string> {
  const data: JsonObject = {
    ...authorFields(intent.author),
    path: intent.path,
    sha256: intent.sha256,
    bytes: intent.bytes,
    ...(intent.previousSha256 !== null && { previousSha256: intent.previousSha256 }),
  };
  const eventId = tx.emit({ type: "file.written", subject: intent.path, data });
  await saveRecord(tx, {
    path: intent.path,
    sha256: intent.sha256,
    bytes: intent.bytes,
    ...disk,
    eventId,
    runId: intent.author.runId,
  });
  return eventId;
}
