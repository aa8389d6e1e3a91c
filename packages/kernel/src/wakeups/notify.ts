/** Notifications as wake-ups and deltas both send them. Nothing is lost with a lost one. */
import type { Sql } from "@roost/database";

/** PostgreSQL refuses payloads of 8,000 bytes and more. */
export const payloadBytesMax = 7900;

/** One statement for all payloads. Nothing waits for a disk: by itself a NOTIFY is flushed like every other commit. */
export async function notify(sql: Sql, channel: string, payloads: readonly string[]): Promise<void> {
  await sql.query(
    `with unflushed as (select set_config('synchronous_commit', 'off', true))
     select pg_notify($1, payload) from unflushed, unnest($2::text[]) payload`,
    [channel, payloads],
    { name: "roost_notify" },
  );
}
