import type { Database } from "@roost/database";

/** Moves the time of one database for all its users. Time continues by itself in between. */
export interface TestClock {
  /** Forward, or back with a negative number. */
  advance(ms: number): Promise<void>;
  set(date: Date): Promise<void>;
}

/** Makes roost.now() of this database follow an offset. Never in production. */
export async function installTestClock(database: Database): Promise<TestClock> {
  await database.query(`
    create table if not exists roost.test_clock ("offset" interval not null);
    insert into roost.test_clock select interval '0' where not exists (select from roost.test_clock);
    create or replace function roost.now() returns timestamptz language sql stable as
      $$ select statement_timestamp() + (select "offset" from roost.test_clock) $$;`);
  return controlTestClock(database);
}

/** The clock of a database that has one. */
export function controlTestClock(database: Database): TestClock {
  const move = async (offset: string, values: unknown[]) => {
    await database.query(`update roost.test_clock set "offset" = ${offset}`, values);
    // Every kernel on this database reads its clock again.
    await database.query("select pg_notify('roost_wakeup', 'clock clock')");
  };
  return {
    advance: (ms) => move(`"offset" + $1 * interval '1 millisecond'`, [ms]),
    set: (date) => move(`$1::timestamptz - statement_timestamp()`, [date]),
  };
}
