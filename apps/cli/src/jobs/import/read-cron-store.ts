/**
 * Reads the jobs of an OpenClaw home from any of: `cron/jobs.json` of 2026.3, the database of later versions, the output of `openclaw automations
 * list --all --json`. Read only. Conversion: convert-cron-job.ts.
 */
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { RoostError, storableValue, toRoostError, type JsonValue } from "@roost/base";
import { z } from "zod";
import { isDatabase } from "../../import/openclaw/open-database-copy.ts";
import { statNamed } from "../../unreadable.ts";
import { isInternal, readCronJobs, type CronJob, type UnreadableJob } from "./cron-job.ts";
import { readCronDatabase } from "./read-cron-database.ts";

const fileBytesMax = 8 * 1024 ** 2;
/** Where the jobs lie below a named directory: the home, its `state` or `cron`. The database is newer and comes first. */
const places = ["state/openclaw.sqlite", "openclaw.sqlite", "cron/jobs.json", "jobs.json"];

/** The file, the export, or the bare list. */
const CronStore = z.union([z.looseObject({ jobs: z.array(z.unknown()) }), z.array(z.unknown())]);

export interface CronStoreFile {
  /** The file that was read, or - for stdin. */
  path: string;
  jobs: CronJob[];
  unreadable: UnreadableJob[];
  /** Names of jobs that OpenClaw created for itself. */
  internal: string[];
  /** From its database: replacements of HEARTBEAT.md. */
  checklists: string[];
  /** Of stores of the home before it that cannot be read. */
  refused: string[];
}

export interface ReadCronStoreOptions {
  /** Reads stdin, for the path `-`. */
  readInput(): Promise<string>;
}

/** @throws RoostError `not_found`, `invalid_input` or `limit_exceeded`; a truncated file gives no jobs at all */
export async function readCronStore(named: string, { readInput }: ReadCronStoreOptions): Promise<CronStoreFile> {
  if (named === "-") return toStore("-", { values: jobsIn(await readInput(), "the input") });
  const found = await findStores(named);
  const refused: RoostError[] = [];
  for (const [index, path] of found.entries()) {
    const store = await readStore(path).catch((error: unknown) => {
      refused.push(toRoostError(error));
    });
    // A home that moved to the database may still have the file, and one that did not may have an empty database.
    if (store !== undefined && (store.jobs.length + store.unreadable.length > 0 || index === found.length - 1))
      return {
        ...store,
        refused: refused.map(({ message }) => `${message}; the jobs of ${path} are taken, which may be older`),
      };
  }
  if (refused.length > 0) throw refused[0]!;
  throw new RoostError(
    "not_found",
    `${named} has none of ${places.join(", ")}: name the directory ~/.openclaw, or pipe in openclaw automations list --all --json`,
  );
}

async function readStore(path: string): Promise<CronStoreFile> {
  if (await isDatabase(path)) {
    const { jobs, checklists } = await readCronDatabase(path);
    return toStore(path, { values: jobs, checklists });
  }
  const { size } = await stat(path);
  if (size > fileBytesMax)
    throw new RoostError("limit_exceeded", `${path} has ${size} bytes (limit ${fileBytesMax}): it is not a job file`);
  return toStore(path, { values: jobsIn(await readFile(path, "utf8"), path) });
}

function toStore(
  path: string,
  { values, checklists = [] }: { values: unknown[]; checklists?: string[] },
): CronStoreFile {
  const { jobs, unreadable } = readCronJobs(values);
  const internal = jobs.filter(isInternal).map(({ name, id }) => name ?? id);
  return { path, jobs: jobs.filter((job) => !isInternal(job)), unreadable, internal, checklists, refused: [] };
}

async function findStores(named: string): Promise<string[]> {
  const found = await statNamed(named);
  if (!found.isDirectory()) return [named];
  const paths = places.map((place) => join(named, place));
  const files = await Promise.all(paths.map((path) => stat(path).catch(() => undefined)));
  // What is there and no file is refused when it is read.
  return paths.filter((_path, index) => files[index] !== undefined);
}

function jobsIn(text: string, path: string): unknown[] {
  const parsed = CronStore.safeParse(parseJson(text, path));
  if (parsed.success) return Array.isArray(parsed.data) ? parsed.data : parsed.data.jobs;
  throw new RoostError(
    "invalid_input",
    `${path} has no list of jobs: it is neither cron/jobs.json of an OpenClaw home nor the output of openclaw automations list --all --json`,
  );
}

function parseJson(text: string, path: string): unknown {
  try {
    // Editors of Windows begin a file with a mark; what cannot be stored is replaced, so that one text does not refuse all jobs.
    return storableValue(JSON.parse(text.replace(/^\ufeff/, "")) as JsonValue);
  } catch (cause) {
    throw new RoostError(
      "invalid_input",
      `${path} is incomplete (${(cause as Error).message}): restore it from a backup; nothing was imported`,
      { cause },
    );
  }
}
