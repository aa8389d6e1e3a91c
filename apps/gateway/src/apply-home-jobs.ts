/**
 * The home's jobs/*.yaml, applied when their content has changed since it was last applied, so that what was changed by
 * command meanwhile stays; and the heartbeat of the settings. It never removes a job and never ends a pause.
 */
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { RoostError, toRoostError, writeFileDurably, type JsonValue, type Logger } from "@roost/base";
import { applyJobs, type Kernel } from "@roost/kernel";
import { settingsFile, type Settings } from "@roost/memory/settings";
import { parseAllDocuments } from "yaml";
import { z } from "zod";

export interface ApplyHomeJobsOptions {
  homeDir: string;
  timeZone: string;
  settings: Settings;
  logger: Logger;
}

const filesMax = 500;
const fileCharsMax = 1_048_576;
const by = "home";
const Applied = z.record(z.string(), z.string());

/** Lines for the person about files that could not be applied; a bad file keeps none of the others from being applied. */
export async function applyHomeJobs(kernel: Kernel, options: ApplyHomeJobsOptions): Promise<string[]> {
  const { homeDir, settings, timeZone, logger } = options;
  const notices: string[] = [];
  const applied = await readApplied(homeDir);
  const sources = [...(await listJobFiles(homeDir)), settingsFile];
  for (const source of sources) {
    try {
      const jobs = source === settingsFile ? heartbeatJobs(settings) : await readJobFile(join(homeDir, source));
      const hash = createHash("sha256").update(JSON.stringify(jobs)).digest("hex");
      if (applied[source] === hash) continue;
      await applyJobs(kernel, jobs, { by, source, timeZone });
      applied[source] = hash;
    } catch (error) {
      const notice = `${source} is not applied: ${toRoostError(error).message}`;
      logger.warn(notice);
      notices.push(notice);
    }
  }
  await writeFileDurably(appliedPath(homeDir), `${JSON.stringify(applied, null, 2)}\n`, { mode: 0o600 });
  return notices;
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

async function listJobFiles(homeDir: string): Promise<string[]> {
  const names = await readdir(join(homeDir, "jobs")).catch(() => []);
  return names
    .filter((name) => /\.ya?ml$/.test(name))
    .toSorted()
    .slice(0, filesMax)
    .map((name) => `jobs/${name}`);
}

async function readJobFile(path: string): Promise<JsonValue[]> {
  const text = await readFile(path, "utf8");
  if (text.length > fileCharsMax) {
    throw new RoostError("limit_exceeded", `it has ${text.length} characters (limit ${fileCharsMax}): split it`);
  }
  const documents = parseAllDocuments(text);
  const fault = documents.flatMap(({ errors }) => errors)[0];
  if (fault !== undefined) throw new RoostError("invalid_input", fault.message, { cause: fault });
  return documents.flatMap((document) => {
    const value = document.toJS() as JsonValue;
    return value === null ? [] : Array.isArray(value) ? value : [value];
  });
}

function heartbeatJobs({ heartbeat }: Settings): JsonValue[] {
  if (!heartbeat.enabled) return [];
  return [
    {
      id: "heartbeat",
      title: "Heartbeat",
      agent: heartbeat.agent,
      session: "heartbeat",
      trigger: { kind: "every", every: `${heartbeat.every}ms` },
      prompt: heartbeat.prompt ?? "",
      catchUp: { policy: "last" },
      overlap: "skip",
      ...(heartbeat.activeHours === undefined ? {} : { activeHours: dropUndefined(heartbeat.activeHours) }),
      ...(heartbeat.model === undefined ? {} : { model: heartbeat.model }),
      ...(heartbeat.budget === undefined ? {} : { budget: dropUndefined(heartbeat.budget) }),
    },
  ];
}

function dropUndefined(fields: object): JsonValue {
  return JSON.parse(JSON.stringify(fields)) as JsonValue;
}
