import type { Clock } from "@roost/base";
import type { Sql } from "@roost/database";

export interface DatabaseClock {
  clock: Clock;
  /** How far the local clock is ahead. */
  skewMs(): number;
  sync(): Promise<void>;
}

/** A clock offset from `local` by the difference to the database's clock when it was last read. `now`: SQL, for a login that reads it otherwise. */
export function createDatabaseClock(sql: Sql, local: Clock, now = "roost.now()"): DatabaseClock {
  let offsetMs = 0;
  return {
    clock: { nowMs: () => Math.round(local.nowMs() + offsetMs) },
    skewMs: () => Math.round(-offsetMs),
    async sync() {
      const sentMs = local.nowMs();
      const [row] = await sql.query<{ ms: number }>(`select (extract(epoch from ${now}) * 1000)::float8 as ms`, [], {
        name: "roost_now",
      });
      // The database read its clock about half-way.
      offsetMs = row!.ms - (sentMs + local.nowMs()) / 2;
    },
  };
}
