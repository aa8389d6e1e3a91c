/**
 * Applies the home's jobs/*.yaml, the triggers of its agents and the heartbeat of its settings. Each is applied when its content has changed since the
 * last time, so that changes by command persist. Never ends a person's pause, and removes only jobs of triggers that are gone.
 */
import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { RoostError, toRoostError, writeFileDurably, type JsonValue } from "@roost/base";
import {
  applyJobs,
  getJob,
  listJobs,
  listTriggerJobs,
  readAgentTriggers,
  readJobOrigins,
  removeJob,
  type JobOrigin,
  type KnownNames,
} from "@roost/jobs";
import { toTriggerJob } from "@roost/jobs/agent-files";
import { definitionFilesMax, homeItself, isSourceOfHome, parseJobDocuments } from "@roost/jobs/files";
import type { Kernel } from "@roost/kernel";
import type { Memory } from "@roost/memory";
import { settingsFile } from "@roost/memory/settings";
import { z } from "zod";
import { listHomeFiles, readAllUnheld, textOf } from "./list-home-files.ts";
import { heartbeatId, heartbeatJob } from "./jobs/heartbeat-job.ts";

const Applied = z.record(z.string(), z.string());

/** Returns lines for the person about what was not applied; a bad file does not affect the others. */
export async function applyHomeJobs(memory: Memory, known: KnownNames): Promise<string[]> {
  const { kernel, homeDir, timeZone, logger } = memory;
  const { sources, unread, triggerJobs, notices } = await readSources(memory);
  const before = await readApplied(homeDir);
  // Removed ones included. The database may not be the one that they were applied to.
  const all = [...sources.values()].flat().map(idOf).filter(isId);
  const stored = await readJobOrigins(kernel, all);
  const applied: Record<string, string> = {};
  for (const [source, jobs] of sources) {
    const hash = createHash("sha256")
      .update(JSON.stringify([timeZone, jobs]))
      .digest("hex");
    try {
      const ids = jobs.map(idOf).filter(isId);
      // An import brought them as they were where this file had been applied, with what was changed since.
      const isBrought = before[source] === undefined && ids.every((id) => isAsBrought(stored.get(id), source));
      const isApplied = (isBrought && ids.length > 0) || (before[source] === hash && ids.every((id) => stored.has(id)));
      if (!isApplied) {
        const [id] = ids;
        if (id !== undefined && triggerJobs.get(id) === source) refuseTakeover(id, ofOthers(stored.get(id)));
        const changes = await applyJobs(kernel, jobs, { by: homeItself, source, timeZone, known });
        for (const { jobId, change } of changes) {
          const other = ofOthers(stored.get(jobId));
          if (change !== "changed" || other === undefined) continue;
          if (other.source !== source)
            notices.push(
              `${source} was applied: it replaces the job "${jobId}" as ${other.definedBy} defined it (roost jobs versions ${jobId})`,
            );
          else if (before[source] !== undefined)
            notices.push(
              `${source} changed and was applied: it replaces later changes by command (roost jobs versions ${jobId})`,
            );
        }
      }
      applied[source] = hash;
    } catch (error) {
      notices.push(`${source} was not applied: ${toRoostError(error).message}`);
    }
  }
  await removeLeftTriggers(kernel, triggerJobs, before);
  for (const [source, hash] of Object.entries(before)) {
    if (unread.has(source)) applied[source] = hash;
    if (sources.has(source) || source === settingsFile || applied[source] !== undefined) continue;
    const left = await jobsOf(kernel, source);
    if (left.length === 0) continue;
    // Repeated at each start until one of the two is gone.
    applied[source] = hash;
    if (await isGone(join(homeDir, source)))
      notices.push(
        `${source} was deleted, but ${left.join(", ")} from it ${left.length === 1 ? "is" : "are"} still defined: roost jobs remove ${left.length === 1 ? left[0] : "JOB"}`,
      );
  }
  for (const notice of notices) logger.warn(notice);
  await writeFileDurably(appliedPath(homeDir), `${JSON.stringify(applied, null, 2)}\n`, { mode: 0o600 });
  return notices;
}

/**
 * Jobs of triggers that stand in no agent any more; one that stands there and cannot be applied stays as it was, and so does one that an import brought
 * and whose trigger was never applied here: its file may come with the next records.
 */
async function removeLeftTriggers(
  kernel: Kernel,
  present: ReadonlyMap<string, string>,
  before: Readonly<Record<string, string>>,
): Promise<void> {
  for (const { id, source, isBrought } of await listTriggerJobs(kernel)) {
    if (present.has(id) || (isBrought && before[source] === undefined)) continue;
    await removeJob(kernel, id, { by: homeItself, reason: `no longer in ${source}` }).catch((error: unknown) => {
      // By another gateway of this home.
      if (toRoostError(error).code !== "not_found") throw error;
    });
  }
}

function isAsBrought(stored: JobOrigin | undefined, source: string): boolean {
  return stored?.isAsBrought === true && stored.state !== "removed" && stored.source === source;
}

/** Undefined: there is no such job, or its current definition comes from the home's files. */
function ofOthers(stored: JobOrigin | undefined): JobOrigin | undefined {
  return stored?.state === "removed" || stored?.definedBy === homeItself ? undefined : stored;
}

/** A trigger takes its job with it when it goes: not one that no file has made. @throws conflict */
function refuseTakeover(jobId: string, other: JobOrigin | undefined): void {
  if (other === undefined || (other.source !== null && isSourceOfHome(other.source))) return;
  throw new RoostError(
    "conflict",
    `there is a job "${jobId}" already, which ${other.definedBy} defined: rename the trigger, or remove that job (roost jobs remove ${jobId})`,
  );
}

async function jobsOf(kernel: Kernel, source: string): Promise<string[]> {
  const { jobs } = await listJobs(kernel, { limit: definitionFilesMax, source });
  return jobs.map(({ id }) => id);
}

async function sourceOfJob(kernel: Kernel, jobId: string): Promise<string | null | undefined> {
  return (await getJob(kernel, jobId).catch(() => undefined))?.source;
}

async function isGone(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) === undefined;
}

/** The jobs of each readable file and of each trigger; each job from one place only. */
async function readSources(memory: Memory) {
  const unread = new Set<string>();
  /** The source of each. */
  const triggerJobs = new Map<string, string>();
  const sources = new Map<string, JsonValue[]>();
  const sourceOf = new Map<string, string>();
  const { files, notices } = await listHomeFiles(memory.homeDir, "jobs", ["yaml", "yml"]);
  const texts = await readAllUnheld(memory, files);
  for (const file of files) {
    try {
      const text = textOf(texts, file);
      if (text === undefined) {
        // The scan tells why.
        unread.add(file);
        continue;
      }
      const jobs = parseJobDocuments(text);
      if (jobs.length === 0) notices.push(`${file} has no job: write one into it, or delete it`);
      const twice = jobs.map(idOf).find((id) => id !== undefined && sourceOf.has(id));
      if (twice !== undefined) {
        notices.push(
          `${file} was not applied: job "${twice}" is also defined in ${sourceOf.get(twice)}: keep one of them`,
        );
        continue;
      }
      for (const id of jobs.map(idOf)) if (id !== undefined) sourceOf.set(id, file);
      sources.set(file, jobs);
    } catch (error) {
      unread.add(file);
      notices.push(`${file} was not applied: ${toRoostError(error).message}`);
    }
  }
  for (const trigger of await readAgentTriggers(memory.kernel)) {
    const { source, jobId } = trigger;
    triggerJobs.set(jobId, source);
    try {
      const other = sourceOf.get(jobId);
      if (other !== undefined)
        throw new RoostError("invalid_input", `job "${jobId}" is also defined in ${other}: keep one of them`);
      sources.set(source, [toTriggerJob(trigger)]);
    } catch (error) {
      unread.add(source);
      notices.push(`${source} was not applied: ${toRoostError(error).message}`);
    }
  }
  // A heartbeat with its own file wins, also while that one is not applied.
  if (!sourceOf.has(heartbeatId) && !unread.has((await sourceOfJob(memory.kernel, heartbeatId)) ?? ""))
    sources.set(settingsFile, [heartbeatJob(memory.settings)]);
  return { sources, unread, triggerJobs, notices };
}

function isId(id: string | undefined): id is string {
  return id !== undefined;
}

function idOf(job: JsonValue): string | undefined {
  if (typeof job !== "object" || job === null || Array.isArray(job)) return undefined;
  return typeof job["id"] === "string" ? job["id"] : undefined;
}

function appliedPath(homeDir: string): string {
  return join(homeDir, ".roost", "applied-jobs.json");
}

/** The hash of each file when last applied. If lost, all are applied again, which changes only what differs. */
async function readApplied(homeDir: string): Promise<Record<string, string>> {
  try {
    return Applied.parse(JSON.parse(await readFile(appliedPath(homeDir), "utf8")));
  } catch {
    return {};
  }
}
