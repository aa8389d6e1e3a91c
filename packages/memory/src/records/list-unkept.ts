/** Table memory.file, of its large files: whether what each holds now is a version. The path's lock is held while a row changes. */
import { largeFileBytesMax } from "@roost/contract/operations";
import type { Sql } from "@roost/database";

/** Large files that one pass makes versions of. */
const unkeptMax = 100;

interface UnkeptFile {
  path: string;
  dueAt: Date;
  isDue: boolean;
}

/** Large files whose content is no version yet, the next first: when they have been quiet for a while, and each only so often. */
export async function listUnkept(
  sql: Sql,
  { quietMs, everyMs }: { quietMs: number; everyMs: number },
): Promise<UnkeptFile[]> {
  return await sql.query<UnkeptFile>(
    `select path, due as "dueAt", due <= roost.now() as "isDue" from (
       select path, greatest(recorded_at + $1 * interval '1 millisecond',
         (select max(settled_at) from memory.large_version v where v.path = f.path) + $2 * interval '1 millisecond') as due
       from memory.file f where sha256 is null and kept_sha256 is null and bytes <= $3
     ) as files order by due, path limit ${unkeptMax}`,
    [quietMs, everyMs, largeFileBytesMax],
    { name: "memory_list_unkept" },
  );
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
    "update memory.file set kept_sha256 = $2, unkept_reason = null where path = $1 and stamp = $3 and sha256 is null",
    [path, sha256, stamp],
  );
}

export async function saveUnkept(sql: Sql, { path, reason }: { path: string; reason: string }): Promise<void> {
  await sql.query("update memory.file set unkept_reason = $2 where path = $1 and kept_sha256 is null", [path, reason]);
}
