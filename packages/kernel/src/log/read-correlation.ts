import type { Sql } from "@roost/database";
import type { StoredEvent } from "./event.ts";
import { checkLimit, eventColumns } from "./read-events.ts";

/** Everything that belongs together, oldest first, whatever its topic. */
export async function readCorrelation(
  sql: Sql,
  correlation: string,
  { limit }: { limit: number },
): Promise<StoredEvent[]> {
  checkLimit(limit);
  return await sql.query<StoredEvent>(
    `select ${eventColumns} from roost.event where correlation = $1 order by time, id limit $2`,
    [correlation, limit],
  );
}
