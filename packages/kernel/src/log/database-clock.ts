/** The clock by which everything in a home is told: the database's, followed from the clock of this machine, which may be minutes off. */
import type { Clock, Logger } from "@roost/base";
import type { Sql } from "@roost/database";

export interface DatabaseClock extends Disposable {
  clock: Clock;
  /** How far the local clock is ahead. */
  skewMs(): number;
  sync(): Promise<void>;
  /** Reads it soon; a failure is logged. */
  syncSoon(): void;
}

export interface OpenDatabaseClock {
  /** This machine's. */
  local: Clock;
  /** SQL, for a login that reads it otherwise. */
  now?: string;
  logger: Logger;
}

/** Clocks of machines drift apart. */
const syncEveryMs = 60_000;

/** A clock offset from `local` by the difference to the database's clock when it was last read: at the start, and then every minute. */
export async function openDatabaseClock(
  sql: Sql,
  { local, now = "roost.now()", logger }: OpenDatabaseClock,
): Promise<DatabaseClock> {
  let offsetMs = 0;
  const sync = async () => {
    const sentMs = local.nowMs();
    const [row] = await sql.query<{ ms: number }>(`select (extract(epoch from ${now}) * 1000)::float8 as ms`, [], {
      name: "roost_now",
    });
    // The database read its clock about half-way.
    offsetMs = row!.ms - (sentMs + local.nowMs()) / 2;
  };
  let isClosed = false;
  const syncSoon = () =>
    void sync().catch((error: unknown) => {
      if (!isClosed) logger.warn("the database's clock was not read", { error });
    });
  await sync();
  const timer = setInterval(syncSoon, syncEveryMs).unref();
  return {
    clock: { nowMs: () => Math.round(local.nowMs() + offsetMs) },
    skewMs: () => Math.round(-offsetMs),
    sync,
    syncSoon,
    [Symbol.dispose]() {
      isClosed = true;
      clearInterval(timer);
    },
  };
}
