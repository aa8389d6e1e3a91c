/** A table of comma-, semicolon- or tab-separated values as rows by the names of their columns. RFC 4180, read kindly. */
import { RoostError } from "@roost/base";
import { parse } from "csv-parse/sync";
import { decodeText } from "../text/decode-text.ts";

export interface CsvRow {
  /** Where it begins, from 1. */
  line: number;
  get(column: string): string | undefined;
}

export interface Table {
  columns: readonly string[];
  rows: CsvRow[];
  faults: { line: number; reason: string }[];
}

export const tableLimits = { bytesMax: 64 * 1024 * 1024, recordBytesMax: 1024 * 1024, columnsMax: 2000 } as const;

/** @throws RoostError `limit_exceeded`: the file is too large, or has too many columns. */
export function readTable(bytes: Uint8Array): Table {
  if (bytes.length > tableLimits.bytesMax)
    throw new RoostError(
      "limit_exceeded",
      `a table is ${tableLimits.bytesMax / 1024 / 1024} MB at most; split this file`,
    );
  const text = decodeText(bytes);
  const faults: Table["faults"] = [];
  const found = parse(text, {
    delimiter: delimiterOf(text),
    record_delimiter: ["\r\n", "\n", "\r"],
    info: true,
    relax_column_count: true,
    relax_quotes: true,
    skip_empty_lines: true,
    skip_records_with_error: true,
    on_skip: (error) => {
      const line = Number(error?.["lines"] ?? 0);
      const isOpen = error?.code === "CSV_QUOTE_NOT_CLOSED";
      faults.push({
        line,
        reason: isOpen ? "ends within a quote: what stands after it was not read" : "cannot be read",
      });
    },
    max_record_size: tableLimits.recordBytesMax,
  }) as unknown as { record: string[]; info: { lines: number } }[];
  const [head, ...rest] = found;
  const columns = distinct((head?.record ?? []).map((name) => name.trim()));
  if (columns.length > tableLimits.columnsMax)
    throw new RoostError("limit_exceeded", `the table has ${columns.length} columns (limit ${tableLimits.columnsMax})`);
  const places = new Map(columns.map((name, index) => [name, index]));
  const rows: CsvRow[] = [];
  for (const { record, info } of rest) {
    const line = info.lines - (record.join().match(/\r\n|\n|\r/g)?.length ?? 0);
    if (record.slice(columns.length).some((value) => value.trim() !== "")) {
      faults.push({ line, reason: `has ${record.length} values for ${columns.length} columns` });
      continue;
    }
    rows.push({ line, get: (column) => record[places.get(column) ?? -1]?.trim() || undefined });
  }
  return { columns, rows, faults };
}

/** Of two columns of one name the second is `NAME 2`. */
function distinct(names: readonly string[]): string[] {
  const counts = new Map<string, number>();
  return names.map((name) => {
    const count = (counts.get(name) ?? 0) + 1;
    counts.set(name, count);
    return count === 1 ? name : `${name} ${count}`;
  });
}

/** The separator that the first line has most of. */
function delimiterOf(text: string): string {
  const head = /^[^\r\n]*/.exec(text)?.[0] ?? "";
  const count = (separator: string): number => head.split(separator).length;
  return [",", ";", "\t"].reduce((best, separator) => (count(separator) > count(best) ? separator : best));
}
