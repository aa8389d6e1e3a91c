/** A clock for scratch databases that stands still until it is moved. */
import { RoostError } from "@roost/base";
import type { Sql } from "@roost/database";

export interface SimulatedClock {
  readonly nowMs: number;
  /** Moves to this moment, for all users of the database. */
  set(ms: number): Promise<void>;
}

/**
 * Replaces roost.now() in an unused database. Between two moves time stands still, so that what is done at one moment happens at that moment,
 * however long it takes.
 *
 * @throws RoostError `conflict` for a database with jobs, runs or events: a home's time is never moved
 */
export async function installSimulatedClock(database: Sql, atMs: number): Promise<SimulatedClock> {
  const [used] = await database.query<{ isUsed: boolean }>(
    `select exists (select from roost.job) or exists (select from roost.run) or exists (select from roost.event) as "isUsed"`,
  );
  if (used?.isUsed !== false) {
    throw new RoostError("conflict", "the clock of a database in use cannot be moved: simulate in an empty one");
  }
  // One row: the current moment.
  await database.query(`
    create table roost.simulated_clock (only_row boolean primary key default true check (only_row), at timestamptz not null);
    create or replace function roost.now() returns timestamptz language sql stable parallel safe as
      $$ select at from roost.simulated_clock $$;`);
  await database.query("insert into roost.simulated_clock (at) values (to_timestamp($1::float8 / 1000))", [atMs]);
  let nowMs = atMs;
  return {
    get nowMs() {
      return nowMs;
    },
    async set(ms) {
      await database.query("update roost.simulated_clock set at = to_timestamp($1::float8 / 1000)", [ms], {
        name: "roost_simulated_clock_set",
      });
      nowMs = ms;
    },
  };
}
