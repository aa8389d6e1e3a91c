/**
 * Reads the jobs of an OpenClaw home of 2026.7 or later: `state/openclaw.sqlite`, table `cron_jobs`. Reads a copy with its write-ahead log: opening
 * the original would write beside it while a gateway may use it.
 */
import { copyFile, mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RoostError } from "@roost/base";

const databaseBytesMax = 4 * 1024 ** 3;
const copiesMax = 3;

export interface CronDatabase {
  /** Each job as parsed, or the text of a row that is not JSON. */
  jobs: unknown[];
  /** Replacements of HEARTBEAT.md, by job. */
  checklists: string[];
}

/** @throws RoostError `invalid_input` or `limit_exceeded` when the file is not such a database */
export async function readCronDatabase(path: string): Promise<CronDatabase> {
  const directory = await mkdtemp(join(tmpdir(), "roost-import-"));
  try {
    const copy = join(directory, "copy.sqlite");
    for (let count = 1; ; count += 1) {
      const before = await sizeOf(path);
      await copyFile(path, copy);
      await copyFile(`${path}-wal`, `${copy}-wal`).catch(ignoreMissing);
      const isQuiet = before === (await sizeOf(path));
      try {
        return readCopy(copy);
      } catch (error) {
        // It was written while it was copied: the copy is inconsistent.
        if (isQuiet || count >= copiesMax) throw notReadable(path, error);
      }
    }
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function sizeOf(path: string): Promise<string> {
  const { size, mtimeMs } = await stat(path);
  if (size > databaseBytesMax)
    throw new RoostError(
      "limit_exceeded",
      `${path} has ${size} bytes (limit ${databaseBytesMax}): give the output of openclaw automations list --all --json instead`,
    );
  const log = await stat(`${path}-wal`).catch(() => undefined);
  return `${size} ${mtimeMs} ${log?.size ?? 0} ${log?.mtimeMs ?? 0}`;
}

function readCopy(path: string): CronDatabase {
  // Loaded on demand: the module is new in Node, and most commands do not need it.
  const { DatabaseSync } = process.getBuiltinModule("node:sqlite");
  const database = new DatabaseSync(path);
  try {
    const rows = database
      .prepare("select job_id, job_json, state_json from cron_jobs order by store_key, sort_order, job_id")
      .all();
    const hasScratch =
      database.prepare("select 1 from sqlite_schema where type = 'table' and name = 'cron_job_scratch'").get() !==
      undefined;
    const scratch = hasScratch
      ? database.prepare("select content from cron_job_scratch where content is not null order by job_id").all()
      : [];
    return {
      jobs: rows.map((row) => toJob(String(row["job_id"]), String(row["job_json"]), String(row["state_json"]))),
      checklists: scratch.map((row) => String(row["content"])).filter((text) => text.trim() !== ""),
    };
  } finally {
    database.close();
  }
}

function toJob(id: string, text: string, state: string): unknown {
  try {
    const job: unknown = JSON.parse(text);
    if (typeof job !== "object" || job === null || Array.isArray(job)) return { id, text };
    return { ...job, id, state: parseState(state) };
  } catch {
    return { id, text };
  }
}

/** An unreadable state loses only the comparison of next due times. */
function parseState(text: string): object {
  try {
    const state: unknown = JSON.parse(text);
    return typeof state === "object" && state !== null ? state : {};
  } catch {
    return {};
  }
}

function notReadable(path: string, cause: unknown): RoostError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new RoostError(
    "invalid_input",
    `${path} cannot be read as an OpenClaw database (${reason}): give the output of openclaw automations list --all --json instead; nothing was imported`,
    { cause },
  );
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== "ENOENT") throw error;
}
