/**
 * The jobs of an OpenClaw home as its versions of 2026.3 keep them: `cron/jobs.json`, `{ version: 1, jobs: […] }`. Only read, never
 * written. What Roost makes of a job is convert-cron-job.ts.
 */
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { RoostError } from "@roost/base";
import { z } from "zod";

const fileBytesMax = 8 * 1024 ** 2;
/** Where the file lies in what a person may name: the home, its `cron` directory, the file itself. */
const places = ["cron/jobs.json", "jobs.json"];

const Schedule = z.looseObject({
  kind: z.string(),
  at: z.string().optional(),
  atMs: z.number().optional(),
  everyMs: z.number().optional(),
  anchorMs: z.number().optional(),
  expr: z.string().optional(),
  tz: z.string().optional(),
  staggerMs: z.number().optional(),
});

const Payload = z.looseObject({
  kind: z.string(),
  text: z.string().optional(),
  message: z.string().optional(),
  model: z.string().optional(),
  timeoutSeconds: z.number().optional(),
});

const CronJob = z.looseObject({
  id: z.string().min(1).optional(),
  /** As older versions called it. */
  jobId: z.string().min(1).optional(),
  agentId: z.string().optional(),
  name: z.string().optional(),
  description: z.string().optional(),
  enabled: z.boolean().optional(),
  createdAtMs: z.number().optional(),
  schedule: Schedule,
  sessionTarget: z.string().optional(),
  wakeMode: z.string().optional(),
  payload: Payload,
  delivery: z.looseObject({ mode: z.string().optional() }).nullish(),
});
/** A job as it stands in the file. */
export type CronJob = z.output<typeof CronJob> & { id: string };

const CronStore = z.looseObject({ version: z.literal(1), jobs: z.array(CronJob) });

export interface CronStoreFile {
  /** The file that was read. */
  path: string;
  jobs: CronJob[];
}

/** @throws RoostError `not_found`, `invalid_input` or `limit_exceeded`; a file that is torn gives no job at all, never some of them */
export async function readCronStore(named: string): Promise<CronStoreFile> {
  const path = await findStore(named);
  const { size } = await stat(path);
  if (size > fileBytesMax)
    throw new RoostError("limit_exceeded", `${path} has ${size} bytes (limit ${fileBytesMax}): it is no file of jobs`);
  const parsed = CronStore.safeParse(parseJson(await readFile(path, "utf8"), path));
  if (!parsed.success) {
    const faults = parsed.error.issues.slice(0, 5).map((issue) => `${issue.path.join(".") || "it"}: ${issue.message}`);
    throw new RoostError(
      "invalid_input",
      `${path} is not a file of jobs as OpenClaw 2026.3 writes it: ${faults.join("; ")}`,
    );
  }
  const jobs = parsed.data.jobs.map((job, index) => {
    const id = job.id ?? job.jobId;
    if (id === undefined) throw new RoostError("invalid_input", `${path}: job ${index + 1} has no id: give it one`);
    return { ...job, id };
  });
  const twice = jobs.find(({ id }, index) => jobs.findIndex((other) => other.id === id) !== index);
  if (twice !== undefined)
    throw new RoostError("invalid_input", `${path}: the job "${twice.id}" is there twice: keep one of them`);
  return { path, jobs };
}

async function findStore(named: string): Promise<string> {
  const found = await stat(named).catch((cause: Error) => {
    throw new RoostError("not_found", `${named} cannot be read: ${cause.message}`, { cause });
  });
  if (!found.isDirectory()) return named;
  for (const place of places) {
    const path = join(named, place);
    if ((await stat(path).catch(() => undefined))?.isFile() === true) return path;
  }
  throw new RoostError(
    "not_found",
    `there is neither ${places.join(" nor ")} in ${named}: name the directory ~/.openclaw, or the file itself (later versions keep jobs in a database: export them with their own command first)`,
  );
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new RoostError(
      "invalid_input",
      `${path} is not whole (${(cause as Error).message}): restore it from a backup, nothing was imported`,
      { cause },
    );
  }
}
