import { applyMigrations, readMigrations, type Database } from "@roost/database";

/** Brings the tables of this room to those of this program. */
export async function migrateKafka(database: Database): Promise<void> {
  const migrations = await readMigrations(new URL("./migrations/", import.meta.url));
  await applyMigrations(database, { schema: "kafka", migrations });
}
