/** Facts read from their table: in pages, one, and those that MEMORY.md shows. */
import type { Memory } from "../memory.ts";
import { factColumns, inForceSql, noSuchFact, openSql, toFact, type Fact, type FactRow } from "./fact.ts";

export interface ListFacts {
  /** Also those that were closed. */
  withClosed?: boolean | undefined;
  /** Only what waits for a person. */
  isClaim?: boolean | undefined;
  /** Default: the newest first. */
  isOldestFirst?: boolean | undefined;
  limit: number;
  /** Id of the last fact of the page before. */
  after?: string | undefined;
}

export async function listFacts(
  { kernel }: Memory,
  { withClosed = false, isClaim, isOldestFirst = false, limit, after }: ListFacts,
): Promise<Fact[]> {
  const { database } = kernel;
  const [isBehind, order] = isOldestFirst ? [">", "asc"] : ["<", "desc"];
  const rows = await database.query<FactRow>(
    `select ${factColumns} from memory.fact f
     where ($1 or ${openSql}) and ($2::boolean is null or f.is_claim = $2)
       and ($3::text is null or (f.recorded_at, f.id) ${isBehind} (select recorded_at, id from memory.fact where id::text = $3))
     order by f.recorded_at ${order}, f.id ${order} limit $4`,
    [withClosed, isClaim ?? null, after ?? null, limit],
  );
  return Promise.all(rows.map((row) => toFact(kernel, database, row)));
}

/** @throws RoostError `not_found` */
export async function getFact({ kernel }: Memory, id: string): Promise<Fact> {
  const { database } = kernel;
  const [row] = await database.query<FactRow>(`select ${factColumns} from memory.fact f where f.id::text = $1`, [
    id.toLowerCase(),
  ]);
  if (row === undefined) throw noSuchFact(id);
  return toFact(kernel, database, row);
}

/** Those that say something of something, and what a person says, in the order of MEMORY.md. */
export async function factsToShow({ kernel }: Memory, limit: number): Promise<Fact[]> {
  const { database } = kernel;
  const rows = await database.query<FactRow>(
    `select * from (select ${factColumns}, f.subject_key, f.attribute_key from memory.fact f
       where ${inForceSql} and (f.subject is not null or f.extractor = 'person') order by f.recorded_at desc limit $1) as f
     order by subject_key nulls last, attribute_key, "recordedAt", id`,
    [limit],
  );
  return Promise.all(rows.map((row) => toFact(kernel, database, row)));
}
