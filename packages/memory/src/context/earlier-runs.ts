import { listRuns, type Run, type RunState } from "@roost/kernel";
import { readRunResult } from "../digest/read-run-result.ts";
import type { Memory } from "../memory.ts";
import type { Section } from "./file-sections.ts";
import { livingNames } from "./living-sections.ts";

const runsMax = 3;
const charsMax = 2_000;
const ended: RunState[] = ["done", "failed", "cancelled", "diverged", "outdated"];

/** What the last runs of the same job reported, oldest first: how a cron knows what it did. */
export async function earlierRuns(memory: Memory, { jobId }: Pick<Run, "jobId">): Promise<Section[]> {
  if (jobId === null) return [];
  const runs = await listRuns(memory.kernel, { jobId, sessionKind: "cron", states: ended, limit: runsMax });
  if (runs.every(({ rehearsal }) => rehearsal)) return [];
  let isUntrusted = false;
  const blocks: string[] = [];
  // What a rehearsal said is not what the job did.
  for (const run of runs.filter(({ rehearsal }) => !rehearsal).toReversed()) {
    const result = await readRunResult(memory, run.id);
    isUntrusted ||= result.isUntrusted;
    const said = run.state === "failed" ? `failed: ${run.error?.message ?? "no reason is known"}` : run.state;
    const isLong = result.text.length > charsMax;
    const text = isLong
      ? `${result.text.slice(0, charsMax).toWellFormed()}… (read_run ${run.id} shows all)`
      : result.text;
    blocks.push(
      `## ${memory.calendar.momentAt((run.endedAt ?? run.createdAt).getTime())}: ${said}${text === "" ? "" : `\n${text}`}`,
    );
  }
  return [{ name: livingNames.earlierRuns, text: blocks.join("\n\n"), ...(isUntrusted && { isUntrusted }) }];
}
