/** Pages of lists. Cursors share one format; what a cursor holds is up to each list. */
import { z } from "zod";
import { formatCursor, parseCursor } from "./cursor.ts";
import type { Page } from "./records/fields.ts";

/** Cursor values that most lists use. */
export const uuidPlace = z.uuid();
export const textPlace = z.string();
export const numberPlace = z.number().int().min(0);

/** `next` is the last row's cursor when there is more, else null. */
export function toPage<Item>(items: Item[], next: unknown): Page<Item> {
  return { items, next: next === null || next === undefined ? null : formatCursor(next) };
}

/** Reads the cursor `after`. @throws RoostError `invalid_input` for a cursor that this list did not issue */
export function placeOf<Place extends z.ZodType>(place: Place, after: string | undefined): z.output<Place> | undefined {
  return after === undefined ? undefined : parseCursor(place, after);
}

/** Reads a page by `limit` plus one row, which tells whether another page follows. */
export async function readPage<Row>(
  limit: number,
  read: (limit: number) => Promise<Row[]>,
  placeOfRow: (row: Row) => unknown,
): Promise<{ rows: Row[]; next: unknown }> {
  const found = await read(limit + 1);
  const rows = found.slice(0, limit);
  const last = rows.at(-1);
  return { rows, next: found.length > limit && last !== undefined ? placeOfRow(last) : null };
}

/** Pages a complete list by name. */
export function pageByName<Row>(
  rows: readonly Row[],
  { limit, after }: { limit: number; after?: string | undefined },
  nameOf: (row: Row) => string,
): { rows: Row[]; next: string | null } {
  const place = placeOf(textPlace, after);
  const rest = rows.filter((row) => place === undefined || nameOf(row) > place);
  const shown = rest.slice(0, limit);
  const last = shown.at(-1);
  return { rows: shown, next: rest.length > limit && last !== undefined ? nameOf(last) : null };
}
