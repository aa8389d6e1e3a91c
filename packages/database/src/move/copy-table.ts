/** Rows from one server to another by COPY, and the digest by which two tables are compared. */
import { pipeline } from "node:stream/promises";
import type { Client } from "pg";
import { from as copyFrom, to as copyTo } from "pg-copy-streams";
import { moveSchema } from "./half-done-move.ts";
import type { TableColumns } from "./read-objects.ts";

export interface TableDigest {
  rowCount: number;
  /** Of the texts of all rows, in any order: sums of the halves of their MD5. */
  hash: string;
}

/** Texts of values are the same on both servers under these settings. The empty path makes the catalog's functions qualify every name. */
export const moveSettings = [
  "set search_path = ''",
  "set datestyle = 'ISO, YMD'",
  "set intervalstyle = 'postgres'",
  "set timezone = 'UTC'",
  "set extra_float_digits = 1",
  "set bytea_output = 'hex'",
  "set client_encoding = 'UTF8'",
  "set row_security = off",
  "set lock_timeout = '10s'",
  "set client_min_messages = warning",
  "set check_function_bodies = off",
  "set synchronize_seqscans = off",
].join("; ");

export async function digestTable(client: Client, { name, columns }: TableColumns): Promise<TableDigest> {
  const { rows } = await client.query<TableDigest>(
    `select count(*) as "rowCount", concat_ws('.', sum(('x' || left(h, 16))::bit(64)::bigint), sum(('x' || right(h, 16))::bit(64)::bigint)) as hash
     from (select md5(row(${columns.join(", ")})::text) as h from only ${name}) as hashed`,
  );
  return rows[0]!;
}

/** In the transaction of `to`. */
export async function copyTable(from: Client, to: Client, { name, columns }: TableColumns): Promise<void> {
  if (columns.length === 0) return;
  const listed = columns.join(", ");
  await pipeline(
    from.query(copyTo(`copy (select ${listed} from only ${name}) to stdout`)),
    to.query(copyFrom(`copy ${name} (${listed}) from stdin`)),
  );
}

/** What a move into it has carried, by table. */
export async function readCopied(target: Client): Promise<Map<string, TableDigest>> {
  const { rows } = await target.query<{ name: string } & TableDigest>(
    `select name, row_count as "rowCount", hash from ${moveSchema}.copied`,
  );
  return new Map(rows.map((row) => [row.name, row]));
}

export function isSameDigest(a: TableDigest | undefined, b: TableDigest): boolean {
  return a?.rowCount === b.rowCount && a.hash === b.hash;
}
