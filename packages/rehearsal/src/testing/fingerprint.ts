import { createHash } from "node:crypto";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Database } from "@roost/database";

/** All rows of all tables of a home, and all files with their times. */
export async function fingerprint(database: Database, homeDir: string): Promise<Record<string, string>> {
  const marks: Record<string, string> = {};
  const hash = (text: string | Buffer) => createHash("sha256").update(text).digest("hex");
  const tables = await database.query<{ name: string }>(
    `select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname in ('roost', 'memory') order by 1`,
  );
  for (const { name } of tables) {
    const [row] = await database.query<{ rows: string | null }>(
      `select string_agg(t::text, e'\\n' order by t::text) as rows from ${name} t`,
    );
    marks[name] = hash(row?.rows ?? "");
  }
  for (const entry of await readdir(homeDir, { recursive: true })) {
    const path = join(homeDir, entry);
    const { mtimeMs, ctimeMs, ino, mode } = await stat(path);
    const text = (mode & 0o170000) === 0o100000 ? hash(await readFile(path)) : "directory";
    marks[entry] = `${text} ${mtimeMs} ${ctimeMs} ${ino}`;
  }
  return marks;
}
