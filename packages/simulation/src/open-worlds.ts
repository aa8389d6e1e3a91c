/**
 * Where simulated worlds happen: a server of their own without any syncing, and for each world a copy of one prepared database.
 * The template holds the kernel's schema, a clock that stands still, and the tables in which a world leaves traces for the checks.
 */
import { silentLogger } from "@roost/base";
import { applyMigrations, changeDatabaseUrl, openDatabase, type Database } from "@roost/database";
import { openTestCluster } from "@roost/database/testing";
import { openKernel, readSchemas } from "@roost/kernel";
import { homeRooms } from "@roost/worker/home-rooms";
import { installVirtualClock } from "./virtual-clock.ts";

export interface Worlds extends AsyncDisposable {
  /** A database in which nothing has happened yet. It is dropped when it is disposed. */
  openWorld(): Promise<WorldDatabase>;
}

export interface WorldDatabase extends AsyncDisposable {
  database: Database;
}

const templateName = "simulated_world";

/**
 * simulated_ownership: every change of a run's owner or state, with the number of the transaction that made it.
 * simulated_consumption: the effects of the consumer group; no key keeps one from being there twice.
 */
const traceTables = `
  create table roost.simulated_ownership (
    place bigint generated always as identity, run_id uuid not null, epoch bigint not null, state text not null, transaction integer);
  create function roost.note_ownership() returns trigger language plpgsql as $$
  begin
    insert into roost.simulated_ownership (run_id, epoch, state, transaction)
    values (new.id, new.epoch, new.state, nullif(current_setting('roost.simulated_transaction', true), '')::integer);
    return null;
  end $$;
  create trigger note_creation after insert on roost.run for each row execute function roost.note_ownership();
  create trigger note_change after update on roost.run for each row
    when (old.epoch <> new.epoch or old.state <> new.state) execute function roost.note_ownership();
  create table roost.simulated_consumption (
    place bigint generated always as identity, topic text not null, partition integer not null, "offset" bigint not null, event_id text not null)`;

/** The ids that functions of the kernel draw: the same in each repetition, from the number of the transaction and a count within it. */
const drawnIds = `
  create or replace function roost.new_id() returns uuid language plpgsql volatile as $$
  declare
    transaction bigint := coalesce(nullif(current_setting('roost.simulated_transaction', true), ''), '0')::bigint;
    count bigint := coalesce(nullif(current_setting('roost.simulated_id_count', true), ''), '0')::bigint + 1;
  begin
    perform set_config('roost.simulated_id_count', count::text, true);
    return (lpad(to_hex(transaction), 16, '0') || lpad(to_hex(count), 16, '0'))::uuid;
  end $$`;

export async function openWorlds(): Promise<Worlds> {
  await using opened = new AsyncDisposableStack();
  const cluster = opened.use(await openTestCluster());
  const open = (url: string) =>
    openDatabase({ url, applicationName: "simulation", logger: silentLogger, poolMax: 2, statementTimeoutMsMax: 0 });
  const admin = opened.use(await open(cluster.url));
  await admin.query(`create database ${templateName}`);
  {
    await using template = await open(changeDatabaseUrl(cluster.url, { database: templateName }));
    await prepareTemplate(template);
  }
  const owned = opened.move();
  let worldCount = 0;
  return {
    async openWorld() {
      worldCount += 1;
      const name = `world_${worldCount}`;
      await admin.query(`create database ${name} template ${templateName} strategy file_copy`);
      const database = await open(changeDatabaseUrl(cluster.url, { database: name }));
      return {
        database,
        async [Symbol.asyncDispose]() {
          await database[Symbol.asyncDispose]();
          await admin.query(`drop database ${name} with (force)`);
        },
      };
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function prepareTemplate(database: Database): Promise<void> {
  for (const schema of await readSchemas(homeRooms)) await applyMigrations(database, schema);
  await installVirtualClock(database);
  await database.query(traceTables);
  await database.query(drawnIds);
  await using _kernel = await openKernel({ database, logger: silentLogger, migrate: false });
  await database.query("analyze");
}
