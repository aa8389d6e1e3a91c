/**
 * The home's jobs/*.yaml and the heartbeat of its settings, each applied when its content has changed since it was last applied, so
 * that what was changed by command meanwhile stays. It never removes a job and never ends a person's pause.
 */
import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { toRoostError, writeFileDurably, type JsonValue, type Logger } from "@roost/base";
import { applyJobs, getJob, listJobs } from "@roost/jobs";
import { definitionFilesMax, readJobFile } from "@roost/jobs/files";
import type { Kernel } from "@roost/kernel";
import { settingsFile, type Settings } from "@roost/memory/settings";
import { z } from "zod";
import { listHomeFiles } from "./list-home-files.ts";
import { heartbeatId, heartbeatJob } from "./jobs/heartbeat-job.ts";

export interface ApplyHomeJobsOptions {
  homeDir: string;
  timeZone: string;
  settings: Settings;
  logger: Logger;
}

const by = "home";
const Applied = z.record(z.string(), z.string());

/** Lines for the person about what could not be applied; a bad file keeps none of the others from being applied. */
export async function applyHomeJobs(kernel: Kernel, options: ApplyHomeJobsOptions): Promise<string[]> {
  const { homeDir, timeZone, logger } = options;
  const { sources, notices } = await readSources(options);
  const before = await readApplied(homeDir);
  const applied: Record<string, string> = {};
  for (const [source, jobs] of sources) {
    const hash = createHash("sha256")
      .update(JSON.stringify([timeZone, jobs]))
      .digest("hex");
    try {
      const isApplied = before[source] === hash && (await areKnown(kernel, jobs));
      if (!isApplied) {
        const changed = before[source] === undefined ? [] : await changedByOthers(kernel, jobs);
        const changes = await applyJobs(kernel, jobs, { by, source, timeZone });
        for (const { jobId, change } of changes)
          if (change === "changed" && changed.includes(jobId))
            notices.push(
              `${source} has changed and is applied: it replaces what was changed by command since (roost jobs versions ${jobId})`,
            );
      }
      applied[source] = hash;
    } catch (error) {
      notices.push(`${source} is not applied: ${toRoostError(error).message}`);
    }
  }
  for (const [source, hash] of Object.entries(before)) {
    if (sources.has(source) || source === settingsFile || applied[source] !== undefined) continue;
    const left = await jobsOf(kernel, source);
    if (left.length === 0) continue;
    // Said at each start until one of the two is gone.
    applied[source] = hash;
    if (await isGone(join(homeDir, source)))
      notices.push(
        `${source} is gone, and ${left.join(", ")} of it ${left.length === 1 ? "is" : "are"} still here: roost jobs remove JOB`,
      );
  }
  for (const notice of notices) logger.warn(notice);
  await writeFileDurably(appliedPath(homeDir), `${JSON.stringify(applied, null, 2)}\n`, { mode: 0o600 });
  return notices;
}

/** Ids of those whose present definition is not the home's own. */
async function changedByOthers(kernel: Kernel, jobs: JsonValue[]): Promise<string[]> {
  const changed: string[] = [];
  for (const id of jobs.map(idOf)) {
    if (id === undefined) continue;
    const job = await getJob(kernel, id).catch(() => undefined);
    if (job !== undefined && job.state !== "removed" && job.definedBy !== by) changed.push(id);
  }
  return changed;
}

async function jobsOf(kernel: Kernel, source: string): Promise<string[]> {
  const { jobs } = await listJobs(kernel, { limit: definitionFilesMax, source });
  return jobs.map(({ id }) => id);
}

async function isGone(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) === undefined;
}

/** The jobs of each file that can be read, each job in one file only. */
async function readSources({ homeDir, settings }: ApplyHomeJobsOptions) {
  const sources = new Map<string, JsonValue[]>();
  const sourceOf = new Map<string, string>();
  const { files, notices } = await listHomeFiles(homeDir, "jobs", ["yaml", "yml"]);
  for (const file of files) {
    try {
      const jobs = await readJobFile(join(homeDir, file));
      const twice = jobs.map(idOf).find((id) => id !== undefined && sourceOf.has(id));
      if (twice !== undefined) {
        notices.push(
          `${file} is not applied: the job "${twice}" stands in ${sourceOf.get(twice)} too: keep one of them`,
        );
        continue;
      }
      for (const id of jobs.map(idOf)) if (id !== undefined) sourceOf.set(id, file);
      sources.set(file, jobs);
    } catch (error) {
      notices.push(`${file} is not applied: ${toRoostError(error).message}`);
    }
  }
  // A heartbeat that somebody wrote as a file of its own wins.
  if (!sourceOf.has(heartbeatId)) sources.set(settingsFile, [heartbeatJob(settings)]);
  return { sources, notices };
}

/** Whether the database has heard of these jobs, removed ones included: it may be another than the one they were applied to. */
async function areKnown(kernel: Kernel, jobs: JsonValue[]): Promise<boolean> {
  for (const id of jobs.map(idOf)) {
    if (id === undefined) continue;
    try {
      await getJob(kernel, id);
    } catch (error) {
      if (toRoostError(error).code === "not_found") return false;
      throw error;
    }
  }
  return true;
}

function idOf(job: JsonValue): string | undefined {
  if (typeof job !== "object" || job === null || Array.isArray(job)) return undefined;
  return typeof job["id"] === "string" ? job["id"] : undefined;
}

function appliedPath(homeDir: string): string {
  return join(homeDir, ".roost", "applied-jobs.json");
}

/** The hash of each file as it was last applied. Lost, everything is applied again, which changes what differs only. */
async function readApplied(homeDir: string): Promise<Record<string, string>> {
  try {
    return Applied.parse(JSON.parse(await readFile(appliedPath(homeDir), "utf8")));
  } catch {
    return {};
  }
}
