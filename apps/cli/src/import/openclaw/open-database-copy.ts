/**
 * Reads a SQLite database of a running program from a copy with its write-ahead log: opening the original would write beside it.
 */
import type { DatabaseSync } from "node:sqlite";
import { copyFile, mkdtemp, open, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RoostError } from "@roost/base";
import { whyUnreadable } from "../found/why-unreadable.ts";

const databaseBytesMax = 4 * 1024 ** 3;
const copiesMax = 3;

export interface OpenCopy extends AsyncDisposable {
  database: DatabaseSync;
  hasTable(name: string): boolean;
}

/** Beside a database: its write-ahead log, and what undoes a transaction that was under way. */
const logs = ["-wal", "-journal"];

/** @throws RoostError `limit_exceeded`, `invalid_input` for what is no file, or the error of a file that is no database */
export async function openDatabaseCopy(path: string): Promise<OpenCopy> {
  const problem = await whyUnreadable(path);
  if (problem !== undefined) throw new RoostError("invalid_input", problem);
  await using opened = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), "roost-import-"));
  opened.defer(() => rm(directory, { recursive: true, force: true }));
  const copy = join(directory, "copy.sqlite");
  for (let count = 1; ; count += 1) {
    const before = await sizeOf(path);
    await copyFile(path, copy);
    for (const log of logs) {
      await rm(`${copy}${log}`, { force: true });
      if ((await whyUnreadable(`${path}${log}`)) === undefined)
        await copyFile(`${path}${log}`, `${copy}${log}`).catch(ignoreMissing);
    }
    const isQuiet = before === (await sizeOf(path));
    try {
      // Loaded on demand: the module is new in Node, and most commands do not need it.
      const sqlite = process.getBuiltinModule("node:sqlite");
      const database = new sqlite.DatabaseSync(copy);
      opened.defer(() => database.close());
      const hasTable = (name: string) =>
        database.prepare("select 1 from sqlite_schema where type = 'table' and name = ?").get(name) !== undefined;
      hasTable("any");
      const owned = opened.move();
      return { database, hasTable, [Symbol.asyncDispose]: () => owned.disposeAsync() };
    } catch (error) {
      // It was written while it was copied: the copy is inconsistent.
      if (isQuiet || count >= copiesMax) throw error;
    }
  }
}

/** @throws RoostError `invalid_input` for what is no file */
export async function isDatabase(path: string): Promise<boolean> {
  const problem = await whyUnreadable(path);
  if (problem !== undefined) throw new RoostError("invalid_input", `${path}: ${problem}`);
  const magic = "SQLite format 3\0";
  await using file = await open(path, "r");
  const { buffer, bytesRead } = await file.read(Buffer.alloc(magic.length), 0, magic.length, 0);
  return buffer.toString("latin1", 0, bytesRead) === magic;
}

async function sizeOf(path: string): Promise<string> {
  const { size, mtimeMs } = await stat(path);
  if (size > databaseBytesMax)
    throw new RoostError("limit_exceeded", `${path} has ${size} bytes (limit ${databaseBytesMax})`);
  const found = await Promise.all(logs.map((log) => stat(`${path}${log}`).catch(() => undefined)));
  return [`${size} ${mtimeMs}`, ...found.map((log) => `${log?.size ?? 0} ${log?.mtimeMs ?? 0}`)].join(" ");
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== "ENOENT") throw error;
}
