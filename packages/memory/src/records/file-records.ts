/** Table memory.file: which content of each file the log knows. The path's lock is held while a row changes. */
import { RoostError, type JsonFields } from "@roost/base";
import { formatLabels, openLabels, type Labels } from "@roost/contract/labels";
import { largeFileBytesMax } from "@roost/contract/operations";
import type { Sql, Transaction } from "@roost/database";
import { labelSetNumbers, type KernelTransaction } from "@roost/kernel";
import { hashOf, textOf, type DiskFile } from "../disk/read-disk-file.ts";
import type { Memory } from "../memory.ts";
import { placedAt } from "../visibility/placed-at.ts";
import type { Author } from "../visibility/viewer.ts";
import { labelsOfLarge, marksOfText, readRecordedMarks, storeMarks } from "./marks-of-text.ts";
import { labelsOfLost, noteLost } from "../history/lost-history.ts";
import type { StoredMarks } from "./stored-marks.ts";
import { labelsOfAll, marksOfAll, type LineMarks } from "./line-marks.ts";

export interface FileRecord {
  path: string;
  sha256: string | null;
  bytes: number;
  stamp: string | null;
  /** Of MEMORY.md: the content whose facts were taken over. */
  settledSha256?: string | null;
  /** What the home's disk holds still, a hash or "absent"; null: what is recorded. */
  behind?: string | null;
  /** Of one that is too large for `sha256`: the content that the stamp tells of, when that is a version. */
  keptSha256?: string | null;
  unkeptReason?: string | null;
}

export interface ReadRecord extends FileRecord {
  modifiedAt: Date;
}

const columns = `path, sha256, bytes, stamp, settled_sha256 as "settledSha256", behind, kept_sha256 as "keptSha256", unkept_reason as "unkeptReason"`;

/** The channel that wakes the process that keeps the home's disk: something was recorded that is not on it. */
export const filesChannel = "files";

/** Held until the transaction ends. Use lockPaths for several. */
export async function lockPath(tx: Transaction, path: string): Promise<void> {
  await tx.query("select pg_advisory_xact_lock(hashtextextended('memory.file:' || lower($1), 0))", [path], {
    name: "memory_lock_path",
  });
}

/** Takes several locks in a fixed order. */
export async function lockPaths(tx: Transaction, paths: readonly string[]): Promise<void> {
  await tx.query(
    `select pg_advisory_xact_lock(key) from (
       select distinct hashtextextended('memory.file:' || lower(path), 0) as key from unnest($1::text[]) as path order by key
     ) as keys`,
    [paths],
  );
}

/** False: the file is locked by another transaction. */
export async function tryLockPath(tx: Transaction, path: string): Promise<boolean> {
  const [row] = await tx.query<{ locked: boolean }>(
    "select pg_try_advisory_xact_lock(hashtextextended('memory.file:' || lower($1), 0)) as locked",
    [path],
  );
  return row?.locked === true;
}

export async function readRecord(sql: Sql, path: string): Promise<ReadRecord | undefined> {
  const [row] = await sql.query<ReadRecord>(
    `select ${columns}, modified_at as "modifiedAt" from memory.file where path = $1`,
    [path],
    {
      name: "memory_read_record",
    },
  );
  return row;
}

/** Whether one of these paths is recorded. */
export async function hasRecords(sql: Sql, paths: readonly string[]): Promise<boolean> {
  const rows = await sql.query("select 1 from memory.file where path = any($1) limit 1", [paths], {
    name: "memory_has_records",
  });
  return rows.length > 0;
}

export async function readRecords(sql: Sql): Promise<Map<string, FileRecord & { labels: number }>> {
  const rows = await sql.query<FileRecord & { labels: number }>(`select ${columns}, labels from memory.file`, [], {
    name: "memory_read_records",
  });
  return new Map(rows.map((row) => [row.path, row]));
}

/** What is recorded of a file as it stands on disk. */
export function recordOf(path: string, { sha256, bytes, stamp, modifiedAt }: DiskFile) {
  return { path, sha256, bytes: bytes.length, stamp, modifiedAt };
}

/** @throws RoostError `conflict` over what was recorded elsewhere and is not on the disk yet, unless it says what the disk holds */
export async function saveRecord(
  tx: Sql,
  record: FileRecord & { modifiedAt: Date; eventId: string; runId?: string | undefined; marks?: StoredMarks },
): Promise<void> {
  const saved = await tx.query(
    `insert into memory.file (path, sha256, bytes, stamp, modified_at, event_id, run_id, labels, sections, behind, recorded_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, roost.now())
     on conflict (path) do update set sha256 = $2, bytes = $3, stamp = $4, modified_at = $5, event_id = $6, run_id = $7,
       labels = $8, sections = $9, behind = $10, recorded_at = roost.now(), kept_sha256 = null,
       unkept_reason = case when $2::text is null and $3::bigint <= ${largeFileBytesMax} then memory.file.unkept_reason end
     where memory.file.behind is null or $10::text is not null returning 1`,
    [
      record.path,
      record.sha256,
      record.bytes,
      record.stamp,
      record.modifiedAt,
      record.eventId,
      uuidOf(record.runId),
      record.marks?.labels ?? labelSetNumbers.missing,
      record.marks?.sections == null ? null : JSON.stringify(record.marks.sections),
      record.behind ?? null,
    ],
    { name: "memory_save_record" },
  );
  if (saved.length === 0)
    throw new RoostError("conflict", `${record.path} was written on another host at the same moment: try again`);
}

/** Paths whose recorded content is not on the home's disk yet. */
export async function listBehind(
  sql: Sql,
  { path, limit }: { path: string | undefined; limit: number },
): Promise<string[]> {
  const rows = await sql.query<{ path: string }>(
    "select path from memory.file where behind is not null and ($1::text is null or path = $1) order by path limit $2",
    [path ?? null, limit],
    { name: "memory_list_behind" },
  );
  return rows.map((row) => row.path);
}

/** The disk holds what is recorded. The caller holds the path's lock. */
export async function saveCaughtUp(tx: Sql, { path, stamp }: { path: string; stamp: string | null }): Promise<void> {
  await tx.query("update memory.file set behind = null, stamp = $2 where path = $1", [path, stamp]);
}

const uuid = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;

/** A run's id for a uuid column; undefined for authors that are not runs. */
export function uuidOf(runId: string | undefined): string | null {
  return runId !== undefined && uuid.test(runId) ? runId : null;
}

/** Records that the content is still the recorded one, so that it is not read again. Needs no lock, since the content does not change. */
export async function saveStamp(
  sql: Sql,
  record: { path: string; sha256: string | null; stamp: string | null },
): Promise<void> {
  await sql.query(
    "update memory.file set stamp = $3 where path = $1 and sha256 is not distinct from $2 and stamp is distinct from $3",
    [record.path, record.sha256, record.stamp],
  );
}

/**
 * Records an edit from outside, if the log does not know it yet: keeps the content and emits file.edited. Returns the event's id. `by`: who brought,
 * restored or removed it through Roost. `labels`, `marks`: what that says of it, and of its lines. The caller holds the path's lock.
 */
export async function recordOutsideEdit(
  memory: Memory,
  tx: KernelTransaction,
  edit: {
    path: string;
    disk: DiskFile | undefined;
    record: FileRecord | undefined;
    by?: string;
    labels?: Labels | undefined;
    marks?: LineMarks | undefined;
    /** Of lines that are new, where nothing else is said; default: those of its place. */
    outside?: Labels | undefined;
  },
): Promise<string | undefined> {
  const { path, disk, record } = edit;
  // What stands there is older than the record: the disk is brought to it, not the other way round.
  if (record?.behind != null) return undefined;
  if (disk === undefined) {
    if (record === undefined) return undefined;
    await tx.query("delete from memory.file where path = $1", [path]);
    return emitEdited(tx, path, openLabels, { change: "deleted", by: edit.by, ...previousOf(record) });
  }
  if (record !== undefined && record.sha256 === disk.sha256) return undefined;
  const isUnknown = edit.marks === undefined && edit.labels === undefined;
  const lost = isUnknown ? await labelsOfLost(memory, tx, { path, sha256: disk.sha256 }) : undefined;
  if (lost !== undefined) await noteLost(tx, path);
  const outside = lost ?? edit.outside;
  await memory.versions.put(disk.bytes);
  const marks =
    edit.marks ?? (await marksOfVersion(memory, tx, { path, bytes: disk.bytes, labels: edit.labels, outside }));
  const eventId = emitEdited(tx, path, labelsOfAll(marks), {
    change: record === undefined ? "created" : "changed",
    sha256: disk.sha256,
    bytes: disk.bytes.length,
    by: edit.by,
    ...previousOf(record),
  });
  await saveRecord(tx, {
    ...recordOf(path, disk),
    eventId,
    marks: await storeMarks(tx, marks, { sha256: disk.sha256, text: textOf(disk.bytes) ?? "" }),
  });
  return eventId;
}

/**
 * As recordOutsideEdit, of content that is too large to be read within a transaction: its size and times are recorded, and its version follows
 * (files/keep-large-file.ts). The caller holds the path's lock.
 */
export async function recordLargeEdit(
  memory: Memory,
  tx: KernelTransaction,
  edit: Pick<FileRecord, "path" | "bytes" | "stamp"> & {
    record: FileRecord | undefined;
    modifiedAt: Date;
    by?: string;
    labels?: Labels | undefined;
    /** Where it is known; null: its marks follow with its version. */
    sha256?: string | null | undefined;
  },
): Promise<void> {
  const { path, bytes, stamp, record, modifiedAt, by, sha256 = null } = edit;
  const labels = edit.labels ?? (await labelsOfLarge(memory, tx, { path, sha256 }));
  const eventId = emitEdited(tx, path, labels, {
    change: record === undefined ? "created" : "changed",
    bytes,
    by,
    ...previousOf(record),
  });
  const marks = await storeMarks(tx, marksOfAll("", labels), { sha256, text: "" });
  await saveRecord(tx, { path, sha256: null, bytes, stamp, modifiedAt, eventId, marks });
}

/**
 * Labels of a version that replaces the known one; `isNew`: there is none. `labels`: those of its writer; omitted for an edit from outside, which has those
 * of its place unless others are given.
 */
export async function marksOfVersion(
  memory: Memory,
  sql: Sql,
  version: {
    path: string;
    bytes: Uint8Array;
    labels?: Labels | undefined;
    outside?: Labels | undefined;
    isNew?: boolean | undefined;
  },
): Promise<LineMarks> {
  const { path, bytes, labels, outside, isNew = false } = version;
  const recorded = isNew ? undefined : (await readRecordedMarks(sql, [path])).get(path);
  return marksOfText(memory, sql, {
    path,
    sha256: hashOf(bytes),
    text: textOf(bytes) ?? "",
    labels,
    outside,
    recorded,
  });
}

/** `labels`: of the file's current content. */
export function emitEdited(tx: KernelTransaction, path: string, labels: Labels, data: JsonFields): string {
  return tx.emit({
    type: "file.edited",
    subject: path,
    labels: formatLabels(placedAt(path, labels)),
    data: { path, ...data },
  });
}

function previousOf(record: FileRecord | undefined): JsonFields {
  const previous = record?.sha256 ?? record?.keptSha256;
  return previous == null ? {} : { previousSha256: previous };
}

/** The fields of an event that name the author. */
export function authorFields(author: Omit<Author, "labels">): JsonFields {
  const { by, runId, sessionKey, sessionKind } = author;
  return {
    by: by.slice(0, 200),
    runId,
    sessionKey,
    sessionKind,
  };
}

/** A file's text for a person to decide on; a placeholder when it is not text. */
export function textForPeople(disk: DiskFile | undefined): string {
  if (disk === undefined) return "";
  return textOf(disk.bytes) ?? `(${disk.bytes.length} bytes that are not text)`;
}
