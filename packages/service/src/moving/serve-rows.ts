/**
 * What a service holds, out and in: reads the tables that it names, in order of their keys, and writes their rows back. A row that is here stays; rows
 * that cannot be written are found by halves, so that the others cost no transaction each.
 */
import assert from "node:assert/strict";
import { RoostError, toRoostError, type JsonObject } from "@roost/base";
import {
  exportRows,
  importRows,
  MovedRow,
  placeOf,
  rowLimits,
  serve,
  toPage,
  type RowsImported,
  type Served,
} from "@roost/contract";
import { escapeIdentifier, escapeLiteral, sqlStateOf, type Sql } from "@roost/database";
import { z } from "zod";
import type { ServiceContext, ServiceDatabase } from "../service.ts";

/** A table, or a part of it. Those that others refer to come first. */
export interface MovedTable {
  readonly table: string;
  /** Columns of its primary key, or of another that has no null. */
  readonly key: readonly string[];
  /** Where a table comes in parts: what this one is called, and which rows it has. */
  readonly part?: string;
  readonly where?: string;
}

export interface ServeRowsOptions {
  schema: string;
  tables: readonly MovedTable[];
}

/** The handlers of `rowOperations`. */
export function serveRows({ database }: Pick<ServiceContext, "database">, options: ServeRowsOptions): Served[] {
  const names = options.tables.map(nameOf);
  assert.ok(new Set(names).size === names.length, `two parts of tables have one name: ${names.join(" ")}`);
  return [
    serve(exportRows, ({ limit, after }) => exportPage(database, options, { limit, after: placeOf(Place, after) })),
    serve(importRows, ({ content, isDryRun }) => importLines(database, options, { bytes: content.bytes, isDryRun })),
  ];
}

const nameOf = ({ table, part }: MovedTable) => part ?? table;

/** The part, and the key of its last row, as text. */
const Place = z.tuple([z.string(), z.array(z.string())]);

interface Asked {
  limit: number;
  after: z.output<typeof Place> | undefined;
}

async function exportPage(database: ServiceDatabase, { schema, tables }: ServeRowsOptions, { limit, after }: Asked) {
  const first = after === undefined ? 0 : tables.findIndex((each) => nameOf(each) === after[0]);
  if (first < 0) throw new RoostError("invalid_input", `after: there is no table ${after?.[0]}: begin anew`);
  return await database.transact(async (tx) => {
    // Times are written in one zone, whatever the server's is.
    await tx.query("set local timezone = 'UTC'");
    for (const [index, moved] of tables.entries()) {
      if (index < first) continue;
      const rows = await readRows(tx, { schema, moved, limit, after: index === first ? after?.[1] : undefined });
      const last = rows.at(-1);
      if (last === undefined) continue;
      const isEnd = index === tables.length - 1 && rows.length < limit && !last.isCut;
      const items = rows.map(({ row }) => ({ table: nameOf(moved), row }));
      return toPage(items, isEnd ? null : [nameOf(moved), last.key]);
    }
    return toPage([], null);
  });
}

interface ReadRow {
  row: JsonObject;
  key: string[];
  /** Rows behind it were left to the next page. */
  isCut: boolean;
}

async function readRows(
  sql: Sql,
  { schema, moved, limit, after }: { schema: string; moved: MovedTable; limit: number; after: string[] | undefined },
): Promise<ReadRow[]> {
  const { key, where = "true" } = moved;
  const { written, generated } = await columnsOf(sql, schema, moved);
  const order = key.map(escapeIdentifier).join(", ");
  const types = key.map((name) => written.find((column) => column.name === name)?.type ?? "text");
  const beyond =
    after === undefined ? "" : `and (${order}) > (${types.map((type, index) => `$${index + 2}::${type}`).join(", ")})`;
  const stored = written.map(({ name }) => `coalesce(pg_column_size(${escapeIdentifier(name)}), 0)`).join(" + ");
  const others = [...generated.map(({ name }) => name), "moved size", "moved before", "moved count"];
  return await sql.query<ReadRow>(
    `select to_jsonb(t) - array[${others.map(escapeLiteral).join(", ")}] as row, array[${key.map((name) => `${escapeIdentifier(name)}::text`).join(", ")}] as key,
       "moved count" > count(*) over () as "isCut"
     from (select s.*, sum("moved size") over (order by ${order} rows unbounded preceding) - "moved size" as "moved before", count(*) over () as "moved count"
       from (select *, ${stored} as "moved size" from ${tableOf(schema, moved)} where ${where} ${beyond} order by ${order} limit $1) s) t
     where "moved before" < ${rowLimits.pageBytesMax} order by ${order}`,
    [limit, ...(after ?? [])],
  );
}

interface Column {
  name: string;
  type: string;
  /** Gives it its numbers. */
  sequence: string | null;
}

/** Columns that are generated follow from those that are written. */
async function columnsOf(
  sql: Sql,
  schema: string,
  moved: MovedTable,
): Promise<{ written: Column[]; generated: Column[] }> {
  const columns = await sql.query<Column & { isGenerated: boolean }>(
    `select attname as name, format_type(atttypid, atttypmod) as type, pg_get_serial_sequence($1, attname) as sequence, attgenerated <> '' as "isGenerated"
     from pg_attribute where attrelid = $1::regclass and attnum > 0 and not attisdropped order by attnum`,
    [tableOf(schema, moved)],
  );
  return {
    written: columns.filter(({ isGenerated }) => !isGenerated),
    generated: columns.filter(({ isGenerated }) => isGenerated),
  };
}

const tableOf = (schema: string, { table }: MovedTable) => `${escapeIdentifier(schema)}.${escapeIdentifier(table)}`;

interface Line {
  line: number;
  row: JsonObject;
}

interface ImportedLines {
  bytes: Uint8Array;
  isDryRun: boolean;
}

type Done = RowsImported;

async function importLines(
  database: ServiceDatabase,
  { schema, tables }: ServeRowsOptions,
  { bytes, isDryRun }: ImportedLines,
): Promise<Done> {
  const done: Done = { createdCount: 0, sameCount: 0, others: [] };
  let batch: { moved: MovedTable; columns: string; lines: Line[] } | undefined;
  const flush = async () => {
    if (batch !== undefined)
      await importBatch(database, done, { schema, moved: batch.moved, lines: batch.lines, isDryRun });
    batch = undefined;
  };
  const texts = new TextDecoder().decode(bytes).split("\n");
  for (const [index, text] of texts.entries()) {
    if (text.trim() === "") continue;
    const line = index + 1;
    const refuse = (reason: string) => void done.others.push({ line, action: "refused", reason });
    if (index >= rowLimits.rowsMax) {
      refuse(`a request takes ${rowLimits.rowsMax} lines`);
      continue;
    }
    const { data } = MovedRow.safeParse(parse(text));
    const moved = tables.find((each) => nameOf(each) === data?.table);
    if (data === undefined) refuse("it is no row of an export");
    else if (moved === undefined)
      refuse(`there is no table ${data.table} here: it is of another version of the service`);
    else {
      const columns = Object.keys(data.row).toSorted().join(" ");
      if (batch?.moved !== moved || batch.columns !== columns) await flush();
      batch ??= { moved, columns, lines: [] };
      batch.lines.push({ line, row: data.row as JsonObject });
    }
  }
  await flush();
  done.others.sort((left, right) => left.line - right.line);
  return done;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

interface Batch {
  schema: string;
  moved: MovedTable;
  /** With the same columns. */
  lines: readonly Line[];
  isDryRun: boolean;
}

/** Takes back what a dry run wrote. */
class Rehearsed extends Error {}

async function importBatch(database: ServiceDatabase, done: Done, batch: Batch): Promise<void> {
  const { lines, isDryRun } = batch;
  const made: Written[] = [];
  try {
    await database.transact(async (tx) => {
      made.length = 0;
      made.push(...(await writeRows(tx, batch)));
      if (isDryRun) throw new Rehearsed("a dry run changes nothing");
    });
  } catch (error) {
    if (!(error instanceof Rehearsed)) {
      refuseOutage(error);
      const [only] = lines;
      if (only === undefined || lines.length > 1) {
        const middle = Math.ceil(lines.length / 2);
        for (const half of [lines.slice(0, middle), lines.slice(middle)])
          await importBatch(database, done, { ...batch, lines: half });
      } else done.others.push({ line: only.line, ...problemOf(error) });
      return;
    }
  }
  for (const [index, { isNew, isSame }] of made.entries())
    if (isNew) done.createdCount += 1;
    else if (isSame) done.sameCount += 1;
    else done.others.push({ line: lines[index]!.line, action: "kept", reason: "another row stands here" });
}

const reasonCharsMax = 500;

/** @throws what says nothing of a row: the database is away */
function refuseOutage(error: unknown): void {
  if (toRoostError(error).code === "unavailable") throw error;
}

function problemOf(error: unknown): { action: "waits" | "refused"; reason: string } {
  const foreignKey = "23503";
  const action = sqlStateOf(error) === foreignKey ? "waits" : "refused";
  return { action, reason: toRoostError(error).message.slice(0, reasonCharsMax) };
}

interface Written {
  isNew: boolean;
  isSame: boolean;
}

/** In the order of the lines. */
async function writeRows(sql: Sql, { schema, moved, lines, isDryRun }: Batch): Promise<Written[]> {
  const { written: known } = await columnsOf(sql, schema, moved);
  const given = Object.keys(lines[0]?.row ?? {});
  for (const name of [...given, ...moved.key])
    if (!known.some((column) => column.name === name) || !given.includes(name))
      throw new RoostError(
        "invalid_input",
        `${moved.table} has no column ${name} on both sides: it is of another version`,
      );
  const table = tableOf(schema, moved);
  const list = (names: readonly string[], of = "") => names.map((name) => `${of}${escapeIdentifier(name)}`).join(", ");
  const written = await sql.query<Written>(
    `with given as materialized (
       select n, (jsonb_populate_record(null::${table}, r)).* from jsonb_array_elements($1::jsonb) with ordinality as e(r, n)),
     made as (insert into ${table} (${list(given)}) overriding system value select ${list(given)} from given order by n on conflict do nothing returning ${list(moved.key)})
     select exists (select from made m where (${list(moved.key, "m.")}) = (${list(moved.key, "g.")})) as "isNew",
       exists (select from ${table} t where (${list(moved.key, "t.")}) = (${list(moved.key, "g.")})
         and row(${list(given, "t.")}) is not distinct from row(${list(given, "g.")})) as "isSame"
     from given g order by n`,
    [JSON.stringify(lines.map(({ row }) => row))],
  );
  // What comes next is numbered behind what came. No rollback takes it back, so a rehearsal leaves it.
  for (const { name, sequence } of known)
    if (sequence !== null && !isDryRun)
      await sql.query(
        `select setval($1::regclass, last) from (select max(${escapeIdentifier(name)}) as last from ${table}) t where last > coalesce(pg_sequence_last_value($1::regclass), 0)`,
        [sequence],
      );
  return written;
}
