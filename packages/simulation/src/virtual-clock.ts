/** The time of a simulated world: it stands still until the simulation moves it, for the database and for every process alike. */
import type { Clock } from "@roost/base";
import type { Sql } from "@roost/database";

/** Noon of a day without surprises. */
export const simulationStartMs = Date.UTC(2026, 2, 3, 12);

/** Makes roost.now() of a database read the time from a table. For the template that the worlds are copied from. */
export async function installVirtualClock(sql: Sql): Promise<void> {
  await sql.query(`
    create table roost.virtual_clock (now timestamptz not null);
    insert into roost.virtual_clock values (to_timestamp(${simulationStartMs / 1000}));
    create or replace function roost.now() returns timestamptz language sql stable as 'select now from roost.virtual_clock'`);
}

/** Smaller moves add up first. */
const toldMsMin = 300;

export class VirtualClock implements Clock {
  readonly #control: Sql;
  #nowMs = simulationStartMs;
  #toldMs = simulationStartMs;

  constructor(control: Sql) {
    this.#control = control;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  /** Forward, or with a negative number back. */
  move(ms: number): void {
    this.#nowMs += ms;
  }

  /** Tells the database, when there is enough to tell. Called before every statement. */
  async tell(): Promise<void> {
    if (Math.abs(this.#nowMs - this.#toldMs) < toldMsMin) return;
    this.#toldMs = this.#nowMs;
    await this.#control.query("update roost.virtual_clock set now = to_timestamp($1::float8 / 1000)", [this.#nowMs], {
      name: "simulation_clock",
    });
  }
}
