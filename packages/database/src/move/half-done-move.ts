/** What tells that a database is the target of a move which is not finished, and which database one is. */
import type { Client } from "pg";
import type { Sql } from "../database.ts";

/** The schema in which a move keeps how far it has got. */
export const moveSchema = "roost_move";

export interface HalfDoneMove {
  /** Whose move it is. */
  owner: string;
  /** `rows` are carried, everything else is `complete`, or it is `done` and only not told to the home. */
  stage: "rows" | "complete" | "done";
}

/** Undefined when none has begun, or when it was finished. */
export async function readHalfDoneMove(sql: Pick<Sql, "query">): Promise<HalfDoneMove | undefined> {
  const found = await sql.query(`select where to_regclass('${moveSchema}.move') is not null`);
  if (found.length === 0) return undefined;
  const [move] = await sql.query<HalfDoneMove>(`select owner, stage from ${moveSchema}.move`);
  return move;
}

/** The same for one database of one server, also after a failover or under another address. */
export async function readDatabaseIdentity(sql: Pick<Sql, "query">): Promise<string> {
  const [row] = await sql.query<{ identity: string }>(
    `select concat_ws('/', (select system_identifier from pg_control_system()), (select oid from pg_database where datname = current_database())) as identity`,
  );
  return row!.identity;
}

/** A plain connection of the driver as what reads from it. */
export function sqlOf(client: Client): Pick<Sql, "query"> {
  return {
    query: async <Row>(text: string, values?: unknown[]) => (await client.query(text, values)).rows as Row[],
  };
}
