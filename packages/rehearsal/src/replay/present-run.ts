/** The run as its job and its agent would start it today. */
import { toRoostError } from "@roost/base";
import { isDeepStrictEqual } from "node:util";
import { defaultAgent, type AgentDefinition, type ReplayReport } from "@roost/contract/operations";
import { asDefined, getAgent, getJob, getJobVersion } from "@roost/jobs";
import type { Kernel, Run } from "@roost/kernel";
import { settingsFile } from "@roost/memory/settings";

export interface PresentRun {
  run: Run;
  job: ReplayReport["job"];
  /** Why the job's current definition could not be used. */
  unknown: string | undefined;
}

export async function presentRun(kernel: Kernel, run: Run): Promise<PresentRun> {
  const { jobId, jobVersion } = run;
  if (jobId === null || jobVersion === null) return { run, job: null, unknown: undefined };
  const found = await orUndefined(getJob(kernel, jobId));
  const present = found?.state === "removed" ? undefined : found;
  const job = { id: jobId, recordedVersion: jobVersion, presentVersion: present?.version ?? null };
  if (present === undefined) return { run, job, unknown: `job ${jobId} no longer exists` };
  if (present.version === jobVersion) return { run, job, unknown: undefined };
  const recorded = await orUndefined(getJobVersion(kernel, jobId, jobVersion));
  if (recorded === undefined) return { run, job, unknown: `version ${jobVersion} of job ${jobId} is no longer kept` };
  return {
    run: asDefined(run, { from: recorded.definition, to: present.definition }),
    job,
    unknown: undefined,
  };
}

export interface PresentAgent {
  definition: AgentDefinition;
  agent: ReplayReport["agent"];
}

/** The agent as it is defined today: by roost.yaml, which the gateway may not have applied yet, or by a file of its own. */
export async function presentAgent(
  kernel: Kernel,
  run: Run,
  written: Readonly<Record<string, AgentDefinition>>,
): Promise<PresentAgent> {
  const id = run.agent ?? defaultAgent;
  const applied = await orUndefined(getAgent(kernel, id));
  const ofFile = applied?.state === "active" && applied.source !== settingsFile ? applied.definition : {};
  const definition = JSON.parse(JSON.stringify(written[id] ?? ofFile)) as AgentDefinition;
  const isApplied = applied?.state === "active" && isDeepStrictEqual(applied.definition, definition);
  return {
    definition,
    agent: { id, recordedVersion: run.agentVersion, presentVersion: isApplied ? applied.version : null },
  };
}

async function orUndefined<T>(read: Promise<T>): Promise<T | undefined> {
  return read.catch((error: unknown) => {
    if (toRoostError(error).code === "not_found") return undefined;
    throw error;
  });
}
