/**
 * Table memory.file_intent. An intent is committed before its file is replaced and deleted in the transaction that records the replacement. One
 * found later, with the path's lock free, belongs to a dead writer: the disk tells how far it came. A file that cannot be read keeps its intents
 * and affects nothing else.
 */
import { formatLabels, openLabels, parseLabels } from "@roost/contract/labels";
import type { Sql } from "@roost/database";
import { rememberResult, type KernelTransaction } from "@roost/kernel";
import { join } from "node:path";
import { FileFault } from "../disk/file-fault.ts";
import { readUnlessForeign, textOf, type DiskFile } from "../disk/read-disk-file.ts";
import { removeTemporaries } from "../disk/replace-file.ts";
import { comparedDiskSql, type ComparedDisk } from "../history/lost-history.ts";
import type { Memory } from "../memory.ts";
import { placedAt } from "../visibility/placed-at.ts";
import type { Author } from "../visibility/viewer.ts";
import { storeMarks } from "./marks-of-text.ts";
import {
  authorFields,
  marksOfVersion,
  readRecord,
  recordOutsideEdit,
  saveRecord,
  tryLockPath,
  type FileRecord,
} from "./file-records.ts";
import { labelsOfAll } from "./line-marks.ts";
import { settleAlone, type FileProblem } from "./file-problems.ts";

export interface WriteIntent {
  id: string;
  path: string;
  /** Null: there was no file. */
  previousSha256: string | null;
  sha256: string;
  bytes: number;
  author: Omit<Author, "labels"> & {
    labels?: readonly string[] | undefined;
    /** First line, count, labels. */
    sections?: readonly (readonly [number, number, readonly string[]])[] | undefined;
    remember?: { scope: string; key: string } | undefined;
  };
}

const columns = `id, path, previous_sha256 as "previousSha256", sha256, bytes, author`;
const intentsMax = 1000;

export function insertIntent(memory: Memory, intent: WriteIntent): Promise<void> {
  return insertIntents(memory, [intent]);
}

export async function insertIntents(memory: Memory, intents: readonly WriteIntent[]): Promise<void> {
  await memory.kernel.database.query(
    `insert into memory.file_intent (id, path, previous_sha256, sha256, bytes, author)
     select id, path, "previousSha256", sha256, bytes, author
     from jsonb_to_recordset($1::jsonb) as i(id uuid, path text, "previousSha256" text, sha256 text, bytes bigint, author jsonb)`,
    [JSON.stringify(intents)],
    { name: "memory_insert_intents" },
  );
}

/** False: the writer was taken for dead and must start again. */
export async function takeIntent(tx: KernelTransaction, id: string): Promise<boolean> {
  return (await takeIntents(tx, [id])) === 1;
}

/** How many of them there were. */
export async function takeIntents(tx: KernelTransaction, ids: readonly string[]): Promise<number> {
  const rows = await tx.query("delete from memory.file_intent where id = any($1::uuid[]) returning id", [ids], {
    name: "memory_take_intents",
  });
  return rows.length;
}

export interface Unsettled {
  hasIntents: boolean;
  /** The disk is behind what workers elsewhere wrote. */
  isBehind: boolean;
  /** Known problems of earlier scans. */
  known: FileProblem[];
  states: KnownState[];
  compared: ComparedDisk;
}

export interface KnownState {
  name: string;
  /** The file is still to be written. */
  isUnsettled: boolean;
  /** Roost has seen a file. */
  hadFile: boolean;
}

/** Reads what earlier scans left open and the known states, in one statement. */
export async function readUnsettled(sql: Sql): Promise<Unsettled> {
  const [row] = await sql.query<Unsettled>(
    `select exists (select 1 from memory.file_intent) as "hasIntents", exists (select 1 from memory.file where behind is not null) as "isBehind",
       (select coalesce(jsonb_agg(jsonb_build_object('path', path, 'reason', reason)), '[]') from memory.file_problem) as known,
       (select coalesce(jsonb_agg(jsonb_build_object('name', name, 'isUnsettled', sha256 is distinct from disk_sha256, 'hadFile', disk_sha256 is not null)), '[]')
        from memory.state) as states, ${comparedDiskSql} as compared`,
    [],
    { name: "memory_read_unsettled" },
  );
  return row!;
}

/** The ids that have an intent. */
export async function idsOfIntents(sql: Sql, ids: readonly string[]): Promise<Set<string>> {
  const rows = await sql.query<{ id: string }>("select id from memory.file_intent where id = any($1::uuid[])", [ids]);
  return new Set(rows.map(({ id }) => id));
}

/**
 * Completes the writes of dead writers: recorded when the file was replaced, deleted when not. Returns the files that could not be read; their
 * intents are tried again next time.
 */
export async function settleIntents(memory: Memory, path?: string): Promise<FileProblem[]> {
  const intents = await memory.kernel.database.query<WriteIntent>(
    `select ${columns} from memory.file_intent where $1::text is null or path = $1 order by created_at, id limit ${intentsMax}`,
    [path ?? null],
    { name: "memory_read_intents" },
  );
  const problems: FileProblem[] = [];
  for (const intent of intents) {
    if (problems.some((known) => known.path === intent.path)) continue;
    await settleAlone(intent.path, problems, () =>
      memory.kernel.transact(async (tx) => {
        if (await tryLockPath(tx, intent.path)) await settleIntent(memory, tx, intent);
      }),
    );
  }
  return problems;
}

async function settleIntent(memory: Memory, tx: KernelTransaction, intent: WriteIntent): Promise<void> {
  const { path, id } = intent;
  const absolute = join(memory.homeDir, path);
  const disk = await readUnlessForeign(absolute);
  // A folder, a pipe or an oversized file cannot come from the intent, which is then void.
  if (!(disk instanceof FileFault)) await recordFound(memory, tx, { path, disk, record: await readRecord(tx, path) });
  // Before the commit: a process killed here leaves the intent for the next one.
  if (await takeIntent(tx, id)) await removeTemporaries(absolute, id);
}

/**
 * Records content that is on disk but not in the log: as the write of an intent for exactly this content over exactly the recorded one, else as an
 * edit from outside. The caller holds the path's lock. True: something was recorded.
 */
export async function recordFound(
  memory: Memory,
  tx: KernelTransaction,
  found: { path: string; disk: DiskFile | undefined; record: FileRecord | undefined },
): Promise<boolean> {
  const { path, disk, record } = found;
  if (record?.behind != null) return false;
  if (disk === undefined || disk.sha256 === record?.sha256)
    return (await recordOutsideEdit(memory, tx, found)) !== undefined;
  const [intent] = await tx.query<WriteIntent>(
    `select ${columns} from memory.file_intent
     where path = $1 and sha256 = $2 and previous_sha256 is not distinct from $3 order by created_at, id limit 1`,
    [path, disk.sha256, record?.sha256 ?? null],
    { name: "memory_find_intent" },
  );
  if (intent === undefined) return (await recordOutsideEdit(memory, tx, found)) !== undefined;
  memory.logger.info("a dead writer's file was found on disk and is now recorded", { path });
  await takeIntent(tx, intent.id);
  await removeTemporaries(join(memory.homeDir, path), intent.id);
  await recordWritten(memory, tx, intent, { bytes: disk.bytes, stamp: disk.stamp, modifiedAt: disk.modifiedAt });
  const { remember } = intent.author;
  if (remember !== undefined) await rememberResult(tx, remember, async () => ({ path, sha256: intent.sha256 }));
  return true;
}

/** Emits file.written and makes its content the known one; `isNew`: no row of this path is there. The caller holds the path's lock. */
export async function recordWritten(
  memory: Memory,
  tx: KernelTransaction,
  intent: WriteIntent,
  disk: { bytes: Uint8Array; stamp: string | null; modifiedAt: Date; behind?: string; isNew?: boolean },
): Promise<string> {
  const { bytes, isNew, ...rest } = disk;
  const { labels: known } = intent.author;
  const labels = known === undefined ? openLabels : parseLabels(known);
  const { sections } = intent.author;
  const marks =
    sections?.map(([from, count, of]) => ({ from, count, labels: parseLabels(of) })) ??
    (await marksOfVersion(memory, tx, { path: intent.path, bytes, labels, isNew }));
  const data = {
    ...authorFields(intent.author),
    path: intent.path,
    sha256: intent.sha256,
    bytes: intent.bytes,
    previousSha256: intent.previousSha256 ?? undefined,
  };
  const eventId = tx.emit({
    type: "file.written",
    subject: intent.path,
    labels: formatLabels(placedAt(intent.path, labelsOfAll(marks))),
    data,
  });
  await saveRecord(tx, {
    path: intent.path,
    sha256: intent.sha256,
    bytes: intent.bytes,
    ...rest,
    eventId,
    runId: intent.author.runId,
    marks: await storeMarks(tx, marks, { sha256: intent.sha256, text: textOf(bytes) ?? "" }),
  });
  return eventId;
}
