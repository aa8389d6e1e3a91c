/** Reads the jobs of an OpenClaw home of 2026.7 or later: `state/openclaw.sqlite`, table `cron_jobs`. */
import { RoostError, storableValue, type JsonValue } from "@roost/base";
import { openDatabaseCopy } from "../../import/openclaw/open-database-copy.ts";

export interface CronDatabase {
  /** Each job as parsed, or the text of a row that is not JSON. */
  jobs: unknown[];
  /** Replacements of HEARTBEAT.md, by job. */
  checklists: string[];
}

/** @throws RoostError `invalid_input` or `limit_exceeded` when the file is not such a database */
export async function readCronDatabase(path: string): Promise<CronDatabase> {
  try {
    await using copy = await openDatabaseCopy(path);
    const { database } = copy;
    const rows = database
      .prepare("select job_id, job_json, state_json from cron_jobs order by store_key, sort_order, job_id")
      .all();
    const scratch = copy.hasTable("cron_job_scratch")
      ? database.prepare("select content from cron_job_scratch where content is not null order by job_id").all()
      : [];
    return {
      jobs: rows.map((row) => toJob(String(row["job_id"]), String(row["job_json"]), String(row["state_json"]))),
      checklists: scratch.map((row) => String(row["content"])).filter((text) => text.trim() !== ""),
    };
  } catch (error) {
    throw notReadable(path, error);
  }
}

function toJob(id: string, text: string, state: string): unknown {
  try {
    const job = storableValue(JSON.parse(text) as JsonValue);
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
    `${path} cannot be read as an OpenClaw database (${reason}): give the output of openclaw automations list --all --json instead; nothing of it was imported`,
    { cause },
  );
}
