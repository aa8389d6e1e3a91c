/** What a run of a job is assumed to take: types, and defaults for a job without history. */
import { formatDurationMs } from "@roost/base";
import type { Assumption } from "@roost/contract/operations";

export interface JobProfile {
  /** From its claim to its end. */
  durationMs: number;
  modelCalls: number;
  /** Of one model call. */
  outputTokens: number;
  /** Length of a tool's answer. */
  toolResultChars: number;
  /** Length of its final report, which later runs and digests are shown. */
  replyChars: number;
  /** Runs it was derived from; 0: defaults. */
  runCount: number;
  resources: Resource[];
}

/** Something that two runs cannot both have, or should not both change. */
export interface Resource {
  kind: "lock" | "state" | "file" | "subject";
  name: string;
  /** "3 of its last 10 runs", "its prompt". */
  evidence: string;
}

export const profileDefaults = {
  durationMs: 60_000,
  modelCalls: 3,
  outputTokens: 400,
  toolResultChars: 2_000,
  replyChars: 600,
} as const;

export function defaultProfile(resources: Resource[] = []): JobProfile {
  return { ...profileDefaults, runCount: 0, resources };
}

export function describeProfile(jobId: string, profile: JobProfile): Assumption {
  const { durationMs, modelCalls, outputTokens } = profile;
  const what = `${formatDurationMs(durationMs)}, ${modelCalls} model calls of ${outputTokens} tokens`;
  const from =
    profile.runCount === 0 ? "defaults, as it has no history" : `the median of its last ${profile.runCount} runs`;
  return { about: jobId, text: `A run takes ${what} (${from})` };
}
