/** Sends notifications for wake-ups and deltas. A lost one loses no data. */
import type { Sql } from "@roost/database";

/** PostgreSQL refuses payloads of 8,000 bytes and more. */
export const payloadBytesMax = 7900;

/** One statement for all payloads. Without a flush: alone, a NOTIFY is flushed like every other commit. */
export async function notify(sql: Sql, channel: string, payloads: readonly string[]): Promise<void> {
  await sql.query(
    `with unflushed as (select set_config('synchronous_commit', 'off', true))
     select pg_notify($1, payload) from unflushed, unnest($2::text[]) payload`,
    [channel, payloads],
    { name: "roost_notify" },
  );
}
