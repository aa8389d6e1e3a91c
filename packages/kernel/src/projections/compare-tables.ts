/** Compares a live table with its copy byte by byte, in key order, a page of rows at a time. */
import { createHash, type Hash } from "node:crypto";
import type { JsonValue } from "@roost/base";
import type { Sql } from "@roost/database";
import { copyOf, type ProjectedTable, type ProjectionDifference } from "./projection.ts";

const pageSize = 1000;

export interface ComparedTables {
  /** Of the whole projection. */
  sha256: string;
  difference: ProjectionDifference | undefined;
}

/** Call it in a transaction in which nothing else writes the tables. */
export async function compareTables(tx: Sql, tables: readonly ProjectedTable[]): Promise<ComparedTables> {
  const hash = createHash("sha256");
  let difference: ProjectionDifference | undefined;
  for (const table of tables) {
    hash.update(`${table.name}\n`);
    const found = await compareTable(tx, table, hash);
    difference ??= found;
  }
  return { sha256: hash.digest("hex"), difference };
}

/** One line per row: the JSON text of its columns, as written by PostgreSQL. */
export function dumpStatement(table: ProjectedTable, name: string): string {
  return `select to_jsonb(r)::text as line from (select ${table.columns.join(", ")} from ${name} where ${table.where ?? "true"}) as r order by ${orderOf(table)}`;
}

function orderOf({ key }: ProjectedTable): string {
  // By bytes, whatever the database's locale.
  return key.map((column) => `r.${column}::text collate "C"`).join(", ");
}

async function compareTable(tx: Sql, table: ProjectedTable, hash: Hash): Promise<ProjectionDifference | undefined> {
  await tx.query(`declare roost_live no scroll cursor for ${dumpStatement(table, table.name)}`);
  await tx.query(`declare roost_copy no scroll cursor for ${dumpStatement(table, copyOf(table.name))}`);
  let difference: ProjectionDifference | undefined;
  for (;;) {
    const live = await fetchPage(tx, "roost_live");
    const copy = await fetchPage(tx, "roost_copy");
    for (const line of copy) hash.update(`${line}\n`);
    for (let row = 0; difference === undefined && row < Math.max(live.length, copy.length); row += 1) {
      if (live[row] !== copy[row]) difference = describe(table, live[row], copy[row]);
    }
    if (copy.length < pageSize && (live.length < pageSize || difference !== undefined)) break;
  }
  await tx.query("close roost_live");
  await tx.query("close roost_copy");
  return difference;
}

async function fetchPage(tx: Sql, cursor: string): Promise<string[]> {
  const rows = await tx.query<{ line: string }>(`fetch ${pageSize} from ${cursor}`);
  return rows.map((row) => row.line);
}

/** A row on one side only shifts the others: the one with the smaller key is the difference. */
function describe(
  { name, key }: ProjectedTable,
  live: string | undefined,
  copy: string | undefined,
): ProjectionDifference {
  const [liveRow, copyRow] = [parse(live), parse(copy)];
  const keyOf = (row: Record<string, JsonValue>) => key.map((column) => String(row[column])).join(", ");
  const [liveKey, copyKey] = [liveRow && keyOf(liveRow), copyRow && keyOf(copyRow)];
  const isLiveFirst = copyKey === undefined || (liveKey !== undefined && liveKey < copyKey);
  const at = isLiveFirst ? liveKey : copyKey;
  return {
    where: `${name} (${at})`,
    live: liveKey === at ? (liveRow ?? null) : null,
    log: copyKey === at ? (copyRow ?? null) : null,
  };
}

function parse(line: string | undefined): Record<string, JsonValue> | undefined {
  return line === undefined ? undefined : (JSON.parse(line) as Record<string, JsonValue>);
}
