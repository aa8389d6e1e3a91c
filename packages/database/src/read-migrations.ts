import { readdir, readFile } from "node:fs/promises";
import { RoostError } from "@roost/base";

export interface Migration {
  /** `001-log`: the file's name without `.sql`. Migrations run in the given order. */
  name: string;
  sql: string;
}

/** A schema and where its migrations stand. */
export interface SchemaFiles {
  schema: string;
  directory: URL;
}

/** As applyMigrations takes it. */
export async function readSchema({
  schema,
  directory,
}: SchemaFiles): Promise<{ schema: string; migrations: Migration[] }> {
  return { schema, migrations: await readMigrations(directory) };
}

/** All `NNN-name.sql` files of a directory, by number. Other `.sql` names are refused, since they would silently not run. */
export async function readMigrations(directory: URL): Promise<Migration[]> {
  const names = (await readdir(directory)).filter((name) => name.endsWith(".sql")).sort();
  const numbers = new Set<string>();
  for (const name of names) {
    const number = /^(\d{3})-[a-z0-9-]+\.sql$/.exec(name)?.[1];
    if (number === undefined)
      throw new RoostError("invalid_input", `migration "${name}" must be named like 001-create-log.sql`);
    if (numbers.has(number))
      throw new RoostError("invalid_input", `two migrations have the number ${number}: renumber "${name}"`);
    numbers.add(number);
  }
  const base = directory.href.endsWith("/") ? directory : new URL(`${directory.href}/`);
  return Promise.all(
    names.map(async (name) => ({
      name: name.slice(0, -".sql".length),
      sql: await readFile(new URL(name, base), "utf8"),
    })),
  );
}
