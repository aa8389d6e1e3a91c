import type { Sql } from "@roost/database";
import type { StoredEvent } from "./event.ts";
import { checkLimit, eventColumns } from "./read-events.ts";

export interface ReadCorrelation {
  limit: number;
  /** Id of the last event of the page before. */
  after?: string | undefined;
}

/** All events of a correlation, oldest first, across topics, page by page. */
export async function readCorrelation(
  sql: Sql,
  correlation: string,
  { limit, after }: ReadCorrelation,
): Promise<StoredEvent[]> {
  checkLimit(limit);
  // The cursor is the event itself: a JavaScript time is less exact than the order.
  return await sql.query<StoredEvent>(
    `select ${eventColumns} from roost.event where correlation = $1
       and ($3::text is null or (time, id) > (select p.time, p.id from roost.event p where p.correlation = $1 and p.id = $3))
     order by time, id limit $2`,
    [correlation, limit, after ?? null],
    { name: "roost_read_correlation" },
  );
}
