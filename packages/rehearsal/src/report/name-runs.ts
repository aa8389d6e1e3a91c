import type { PlayedRun } from "./read-played.ts";

const uuid = /\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g;

/** Names instead of ids, which differ in each rehearsal. */
export interface RunNames {
  of(runId: string): string;
  /** Replaces the ids in a text. */
  inText(text: string): string;
}

/** `runs` in order of creation. */
export function nameRuns(runs: readonly PlayedRun[]): RunNames {
  const names = new Map<string, string>();
  const counts = new Map<string, number>();
  for (const { id, jobId, sessionKey } of runs) {
    const whose = (jobId ?? sessionKey ?? "run").slice(0, 150);
    const number = (counts.get(whose) ?? 0) + 1;
    counts.set(whose, number);
    names.set(id, `${whose}#${number}`);
  }
  const of = (runId: string) => names.get(runId) ?? "an earlier run";
  return { of, inText: (text) => text.replaceAll(uuid, of).replaceAll("run an earlier run", "an earlier run") };
}
