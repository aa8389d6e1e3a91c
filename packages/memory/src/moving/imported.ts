/** Table memory.imported: what an import brought, the base of the next one. */
import { createHash } from "node:crypto";
import { storableValue, type JsonObject } from "@roost/base";
import type { HomeRecord, ImportOutcome } from "@roost/contract/operations";
import type { Sql } from "@roost/database";

export interface ImportTerms {
  /** Where the records are from; the same at each import. */
  source: string;
  by: string;
  isDryRun?: boolean;
  /** Theirs is taken where both changed, or where there was another before. */
  replaces?: boolean;
  /** What was removed here comes back. */
  restores?: boolean;
  /** An export of a home: its settings, labels and facts are those of this one. */
  isWholeHome?: boolean;
}

export interface ImportedRow {
  ref: string;
  kind: string;
  sha256: string;
  /** What was made of it here, where that differs. */
  hereSha256: string | null;
  place: string | null;
  kept: JsonObject | null;
}

export async function readImported(
  sql: Sql,
  source: string,
  refs: readonly string[],
): Promise<Map<string, ImportedRow>> {
  const rows = await sql.query<ImportedRow>(
    `select ref, kind, sha256, here_sha256 as "hereSha256", place, kept from memory.imported where source = $1 and ref = any($2)`,
    [source, refs],
    { name: "memory_read_imported" },
  );
  return new Map(rows.map((row) => [row.ref, row]));
}

/** Texts in `kept` become such as the table can hold. */
export async function saveImported(
  sql: Sql,
  source: string,
  rows: readonly (Pick<ImportedRow, "ref" | "kind" | "sha256" | "place"> & Partial<ImportedRow>)[],
): Promise<void> {
  if (rows.length === 0) return;
  await sql.query(
    `insert into memory.imported as i (source, ref, kind, sha256, here_sha256, place, kept, imported_at)
     select $1, ref, kind, sha256, "hereSha256", place, kept, roost.now()
     from jsonb_to_recordset($2::jsonb) as r(ref text, kind text, sha256 text, "hereSha256" text, place text, kept jsonb)
     on conflict (source, ref) do update set sha256 = excluded.sha256, here_sha256 = excluded.here_sha256, place = excluded.place,
       kept = excluded.kept, imported_at = excluded.imported_at`,
    [
      source,
      JSON.stringify(rows.map((row) => ({ ...row, kept: row.kept == null ? row.kept : storableValue(row.kept) }))),
    ],
    { name: "memory_save_imported" },
  );
}

export function outcomeOf(
  { ref, kind }: Pick<HomeRecord, "ref" | "kind">,
  action: ImportOutcome["action"],
  more: Partial<Pick<ImportOutcome, "path" | "reason" | "isOnlyHere">> = {},
): ImportOutcome {
  return { ref, kind, action, path: null, reason: null, isOnlyHere: false, ...more };
}

/** Of a record, without what it is called there. */
export function hashOfRecord({ ref: _ref, ...record }: HomeRecord): string {
  return createHash("sha256").update(JSON.stringify(record)).digest("hex");
}
