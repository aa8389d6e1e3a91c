/**
 * Table memory.large_version: versions of files that are too large to be held in memory. A version is announced before its object is put and kept
 * after; what a process left that died between the two is found by its row. Objects are deleted here alone, and announced as well: the store is never
 * waited for with a lock held.
 */
import type { Sql } from "@roost/database";
import type { Kernel, KernelTransaction } from "@roost/kernel";
import type { VersionStore } from "../memory.ts";

export interface LargeVersion {
  path: string;
  sha256: string;
  bytes: number;
}

/** How long one that is being put may go without a sign of who puts it, until another takes it over, and until it is swept; one that is being deleted, for both. */
const silence = "interval '2 minutes'";
const abandoned = "interval '10 minutes'";
/** How often who puts or deletes an object says so. */
const renewMs = 20_000;
const passMax = 100;

/** Held until the transaction ends. */
async function lockObject(tx: Sql, sha256: string): Promise<void> {
  await tx.query("select pg_advisory_xact_lock(hashtextextended('memory.large_version:' || $1, 0))", [sha256], {
    name: "memory_lock_large_object",
  });
}

export type Announced =
  /** The caller puts the object, unless it `isThere`. */
  | { state: "storing"; isThere: boolean }
  /** It is a version already. */
  | { state: "kept" }
  /** Another is putting the object, for this file or for one with the same content, or deleting it. */
  | { state: "busy" };

/** Committed before the object is put: from here on nobody deletes it. */
export async function announceVersion(kernel: Kernel, version: LargeVersion & { attempt: string }): Promise<Announced> {
  const { path, sha256, bytes, attempt } = version;
  return await kernel.transact(async (tx): Promise<Announced> => {
    await lockObject(tx, sha256);
    const [found] = await tx.query<{ isKept: boolean; isHere: boolean; isBusy: boolean }>(
      `select coalesce(bool_or(state = 'kept'), false) as "isKept", coalesce(bool_or(state = 'kept' and path = $2), false) as "isHere",
         coalesce(bool_or(renewed_at >= roost.now() - case state when 'storing' then ${silence} when 'deleting' then ${abandoned} end), false) as "isBusy"
       from memory.large_version where sha256 = $1`,
      [sha256, path],
    );
    const { isKept, isHere, isBusy } = found!;
    if (isHere) return { state: "kept" };
    if (isBusy) return { state: "busy" };
    await tx.query(
      `insert into memory.large_version (path, sha256, bytes, state, attempt, renewed_at) values ($1, $2, $3, 'storing', $4, roost.now())
       on conflict (path, sha256) do update set state = 'storing', attempt = $4, renewed_at = roost.now()`,
      [path, sha256, bytes, attempt],
    );
    return { state: "storing", isThere: isKept };
  });
}

/** Who puts or deletes an object says so again and again, until this is disposed of. */
export function renewing({ database }: Pick<Kernel, "database">, attempt: string): Disposable {
  const renew = "update memory.large_version set renewed_at = roost.now() where attempt = $1";
  const timer = setInterval(() => void database.query(renew, [attempt]).catch(() => undefined), renewMs);
  timer.unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

/** The object is durable. False: who put it was taken for dead, and the object may be gone. */
export async function settleVersion(
  tx: Sql,
  { path, sha256, attempt }: Omit<LargeVersion, "bytes"> & { attempt: string | undefined },
): Promise<boolean> {
  const rows = await tx.query(
    `update memory.large_version set state = 'kept', kept_at = roost.now(), settled_at = roost.now(), attempt = null, renewed_at = null,
       dropped_at = null, dropped_for = null
     where path = $1 and sha256 = $2 and (attempt = $3 or ($3::uuid is null and state = 'kept')) returning 1`,
    [path, sha256, attempt ?? null],
  );
  return rows.length > 0;
}

/** What was to be a version is none. The sweep deletes what of it the store has after all: a put that failed may have been done. */
export async function withdrawVersion(kernel: Kernel, attempt: string): Promise<void> {
  await kernel.database.query(
    "update memory.large_version set state = 'dropping', attempt = null, renewed_at = null where attempt = $1 and state = 'storing'",
    [attempt],
  );
}

/** The file is found with it: the newest of its versions. False: it is no version. */
export async function renewKept(sql: Sql, { path, sha256 }: { path: string; sha256: string }): Promise<boolean> {
  const rows = await sql.query(
    "update memory.large_version set kept_at = roost.now() where path = $1 and sha256 = $2 and state = 'kept' returning 1",
    [path, sha256],
  );
  return rows.length > 0;
}

export async function isKeptVersion(sql: Sql, sha256: string): Promise<boolean> {
  const rows = await sql.query("select 1 from memory.large_version where sha256 = $1 and state = 'kept' limit 1", [
    sha256,
  ]);
  return rows.length > 0;
}

/** The newest one of a file that is kept. */
export async function newestKept(sql: Sql, path: string): Promise<string | undefined> {
  const [row] = await sql.query<{ sha256: string }>(
    "select sha256 from memory.large_version where path = $1 and state = 'kept' order by kept_at desc limit 1",
    [path],
  );
  return row?.sha256;
}

export interface KnownVersion extends LargeVersion {
  keptAt: Date;
  /** When its bytes were removed, and beyond which limit it was; undefined: they are there. */
  dropped?: { at: Date; limit: "count" | "bytes" } | undefined;
}

/** Of one file, the newest first, with those that were dropped. */
export async function listLargeVersions(
  sql: Sql,
  { path, limit }: { path: string; limit: number },
): Promise<KnownVersion[]> {
  const rows = await sql.query<KnownVersion & { isKept: boolean; droppedAt: Date | null; droppedFor: string | null }>(
    `select path, sha256, bytes::float8 as bytes, kept_at as "keptAt", dropped_at as "droppedAt", dropped_for as "droppedFor", state = 'kept' as "isKept"
     from memory.large_version where path = $1 and state <> 'storing' and kept_at is not null order by kept_at desc, sha256 limit $2`,
    [path, limit],
  );
  return rows.map(({ isKept, droppedAt, droppedFor, ...version }) => ({
    ...version,
    ...(!isKept && { dropped: { at: droppedAt ?? version.keptAt, limit: droppedFor === "count" ? "count" : "bytes" } }),
  }));
}

export interface LargeVersionLimits {
  /** Of one file, besides what it is now. */
  count: number;
  /** Of all files together. */
  bytes: number;
}

/**
 * Says which old versions go: beyond the limits, the oldest first. What a file is now is no old version, nor is the newest one of a file whose present
 * content is none yet.
 */
export async function condemnVersions(
  tx: KernelTransaction,
  { count, bytes }: LargeVersionLimits,
): Promise<(LargeVersion & { limit: "count" | "bytes" })[]> {
  return await tx.query(
    `with kept as (
       select v.*, f.path is not null as "isThere", f.kept_sha256, row_number() over (partition by v.path order by v.kept_at desc, v.sha256) as nth
       from memory.large_version v left join memory.file f on f.path = v.path and f.sha256 is null where v.state = 'kept'
     ), old as (
       select path, sha256, bytes, kept_at, row_number() over (partition by path order by kept_at desc, sha256) as nth,
         sum(bytes) over (order by kept_at desc, path, sha256) as sum
       from kept where not ("isThere" and (sha256 is not distinct from kept_sha256 or (kept_sha256 is null and nth = 1)))
     ), beyond as (
       select path, sha256, kept_at, case when nth > $1 then 'count' else 'bytes' end as limit from old where nth > $1 or sum > $2 limit ${passMax}
     )
     update memory.large_version v set state = 'dropping', dropped_at = roost.now(), dropped_for = beyond.limit
     from beyond where v.path = beyond.path and v.sha256 = beyond.sha256 and v.state = 'kept' and v.kept_at = beyond.kept_at
     returning v.path, v.sha256, v.bytes::float8 as bytes, beyond.limit`,
    [count, bytes],
  );
}

/** Versions that go, and those whose process died before they were kept, or before their object was deleted. */
const swept = `(state = 'dropping' or (state in ('storing', 'deleting') and renewed_at < roost.now() - ${abandoned}))`;

/** Deletes their objects. How many rows were looked at. @throws what the store throws; the row waits for a later sweep then */
export async function sweepVersions(kernel: Kernel, versions: VersionStore): Promise<number> {
  const rows = await kernel.database.query<{ path: string; sha256: string }>(
    `select path, sha256 from memory.large_version where ${swept} order by sha256 limit ${passMax}`,
  );
  for (const row of rows) await sweepVersion(kernel, versions, row);
  return rows.length;
}

async function sweepVersion(
  kernel: Kernel,
  versions: VersionStore,
  version: { path: string; sha256: string },
): Promise<void> {
  const attempt = kernel.createId();
  if (!(await announceDeletion(kernel, { ...version, attempt }))) return;
  {
    using _renewing = renewing(kernel, attempt);
    await versions.delete(version.sha256);
  }
  await kernel.transact(async (tx) => {
    await lockObject(tx, version.sha256);
    await settleSwept(tx, { ...version, states: ["deleting"], attempt });
  });
}

/** Committed before the object is deleted: until that is settled nobody puts it. False: there is nothing to delete. */
async function announceDeletion(
  kernel: Kernel,
  { path, sha256, attempt }: { path: string; sha256: string; attempt: string },
): Promise<boolean> {
  return await kernel.transact(async (tx) => {
    await lockObject(tx, sha256);
    const [others] = await tx.query<{ isLive: boolean }>(
      `select exists (select 1 from memory.large_version where sha256 = $1 and path <> $2 and state in ('storing', 'kept')) as "isLive"`,
      [sha256, path],
    );
    if (others!.isLive) {
      await settleSwept(tx, { path, sha256, states: ["dropping", "storing", "deleting"] });
      return false;
    }
    const taken = await tx.query(
      `update memory.large_version set state = 'deleting', attempt = $3, renewed_at = roost.now()
       where path = $1 and sha256 = $2 and ${swept} returning 1`,
      [path, sha256, attempt],
    );
    return taken.length > 0;
  });
}

/** What was a version once stays listed as one that was dropped. `attempt`: of who deleted its object; omitted: it is to be swept, and its object stays. */
async function settleSwept(
  tx: Sql,
  { path, sha256, states, attempt }: { path: string; sha256: string; states: string[]; attempt?: string },
): Promise<void> {
  const given = [path, sha256, states, attempt ?? null];
  const which = `path = $1 and sha256 = $2 and state = any($3) and case when $4::uuid is null then ${swept} else attempt = $4 end`;
  await tx.query(`delete from memory.large_version where ${which} and kept_at is null`, given);
  await tx.query(
    `update memory.large_version set state = 'dropped', attempt = null, renewed_at = null where ${which}`,
    given,
  );
}
