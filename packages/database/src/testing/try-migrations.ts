/**
 * Tries each migration after the first on a database as the one before left it, with rows in it. The rows stand in
 * `migrations/before/NNN.sql`, NNN being the migration that meets them; what was applied never changes, so the tables need no dump.
 */
import { readFile } from "node:fs/promises";
import { RoostError } from "@roost/base";
import { applyMigrations, type ApplyMigrationsOptions } from "../apply-migrations.ts";
import type { Database } from "../database.ts";
import { readMigrations } from "../read-migrations.ts";
import { createTestDatabase } from "./create-test-database.ts";

export interface TryMigrationsOptions {
  schema: string;
  /** Of tables that stand in the schema of another room. */
  room?: string | undefined;
  /** Of the migrations; its `before/` has the rows. */
  directory: URL;
  /** Schemas of other rooms that they stand on. */
  on?: ApplyMigrationsOptions[];
  /** What must hold of the rows afterwards. */
  check?: (database: Database, migration: string) => Promise<void>;
}

/**
 * The names of the migrations that were tried.
 * @throws RoostError `not_found` when one has no rows to meet, `internal` when it fails on them
 */
export async function tryMigrations({
  schema,
  room,
  directory,
  on = [],
  check,
}: TryMigrationsOptions): Promise<string[]> {
  const migrations = await readMigrations(directory);
  const tried: string[] = [];
  for (const [index, migration] of migrations.entries()) {
    if (index === 0) continue;
    const file = new URL(`before/${migration.name.slice(0, 3)}.sql`, directory);
    const rows = await readFile(file, "utf8").catch((cause: unknown) => {
      const message = `migration "${migration.name}" of schema "${schema}" is tried on no rows: write inserts of each table that it changes to ${file.pathname}`;
      throw new RoostError("not_found", message, { cause });
    });
    await using opened = await createTestDatabase({
      migrations: [...on, { schema, room, migrations: migrations.slice(0, index) }],
    });
    await opened.database.query(rows);
    await applyMigrations(opened.database, { schema, room, migrations: migrations.slice(0, index + 1) });
    await check?.(opened.database, migration.name);
    tried.push(migration.name);
  }
  return tried;
}
