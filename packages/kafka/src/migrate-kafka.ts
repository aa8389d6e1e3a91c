import { applyMigrations, readSchema, type Database } from "@roost/database";

/** Brings the tables of this room to those of this program. */
export async function migrateKafka(database: Database): Promise<void> {
  await applyMigrations(
    database,
    await readSchema({ schema: "kafka", directory: new URL("./migrations/", import.meta.url) }),
  );
}
