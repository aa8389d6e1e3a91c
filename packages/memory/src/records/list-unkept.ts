/**
 * Table memory.file, of its large files: whether what each holds now is a version. The path's lock is held when one becomes it; what stands in the way of
 * that is noted without.
 */
import { largeFileBytesMax } from "@roost/contract/operations";
import type { Sql } from "@roost/database";
import { unkeptBeginning } from "./file-problems.ts";

/** Large files that one pass makes versions of. */
const unkeptMax = 100;

interface UnkeptFile {
  path: string;
  bytes: number;
  dueAt: Date;
  isDue: boolean;
}

/**
 * Large files whose content is no version yet, those that are due first: when they have been quiet for a while, and each only so often. Those that were
 * tried in vain come behind the others, the one of longest ago first, so that none stands in the way of the rest.
 */
export async function listUnkept(
  sql: Sql,
  { quietMs, everyMs, retryMs }: { quietMs: number; everyMs: number; retryMs: number },
): Promise<UnkeptFile[]> {
  return await sql.query<UnkeptFile>(
    `select path, bytes::float8 as bytes, due as "dueAt", due <= roost.now() as "isDue" from (
       select path, bytes, tried_at, greatest(recorded_at + $1 * interval '1 millisecond', tried_at + $4 * interval '1 millisecond',
         (select max(settled_at) from memory.large_version v where v.path = f.path) + $2 * interval '1 millisecond') as due
       from memory.file f where sha256 is null and kept_sha256 is null and bytes <= $3
     ) as files order by due > roost.now(), case when due <= roost.now() then tried_at end nulls first, due, path limit ${unkeptMax}`,
    [quietMs, everyMs, largeFileBytesMax, retryMs],
    { name: "memory_list_unkept" },
  );
}

/** It is tried now. */
export async function saveTried(sql: Sql, path: string): Promise<void> {
  await sql.query("update memory.file set tried_at = roost.now() where path = $1 and kept_sha256 is null", [path]);
}

/** Large files whose present content is a version. */
export async function listKept(sql: Sql): Promise<{ path: string; bytes: number; modifiedAt: Date }[]> {
  return await sql.query(
    `select path, bytes::float8 as bytes, modified_at as "modifiedAt" from memory.file where sha256 is null and kept_sha256 is not null`,
  );
}

/** The content that the stamp tells of is a version. The caller holds the path's lock. */
export async function saveKept(
  tx: Sql,
  { path, sha256, stamp }: { path: string; sha256: string; stamp: string },
): Promise<void> {
  await tx.query(
    "update memory.file set kept_sha256 = $2, unkept_reason = null, tried_at = null where path = $1 and stamp = $3 and sha256 is null",
    [path, sha256, stamp],
  );
}

/** What is wrong with this file. */
export async function saveUnkept(sql: Sql, { path, reason }: { path: string; reason: string }): Promise<void> {
  await sql.query("update memory.file set unkept_reason = $2 where path = $1 and kept_sha256 is null", [path, reason]);
}

/** What is wrong with the store: one file has the reason, and it is told once, however many wait for the same. */
export async function saveRefused(sql: Sql, { path, reason }: { path: string; reason: string }): Promise<void> {
  await sql.query(
    `update memory.file set unkept_reason = $2 where path = $1 and kept_sha256 is null
       and not exists (select 1 from memory.file where path <> $1 and starts_with(unkept_reason, '${unkeptBeginning}'))`,
    [path, reason],
  );
}
