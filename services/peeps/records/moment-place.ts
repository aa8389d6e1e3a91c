/** The place of a row in a list by moment and id. JavaScript's dates know milliseconds, PostgreSQL's microseconds: a place is kept as text. */
import { z } from "zod";

export const MomentPlace = z.tuple([z.iso.datetime({ offset: true }), z.uuid()]);

/** A moment in full, as SQL. */
export const exactMoment = (column: string): string =>
  `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;
