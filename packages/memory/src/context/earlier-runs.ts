import { isUntrusted, joinLabels, openLabels } from "@roost/contract/labels";
import { listRuns, type RunState } from "@roost/kernel";
import { readRunResult, type RunResult } from "../digest/read-run-result.ts";
import { correctResult, correctText, type Correction } from "../facts/corrections.ts";
import type { Memory } from "../memory.ts";
import { mayKnow } from "../visibility/clearance.ts";
import type { Viewer } from "../visibility/viewer.ts";
import { changingNames } from "./changing-sections.ts";
import type { LabelledSection } from "./section.ts";
import { withheld } from "./show-trusted.ts";

const runsMax = 3;
const charsMax = 2_000;
const ended: RunState[] = ["done", "failed", "cancelled", "diverged", "outdated"];

/** What the last runs of the same job reported, oldest first: how a cron knows what it did before. */
export async function earlierRuns(
  memory: Memory,
  viewer: Viewer,
  corrections: readonly Correction[] = [],
): Promise<LabelledSection[]> {
  const { jobId } = viewer;
  if (jobId === undefined) return [];
  const runs = await listRuns(memory.kernel, { jobId, sessionKind: "cron", states: ended, limit: runsMax });
  if (runs.every(({ isRehearsed }) => isRehearsed)) return [];
  let labels = openLabels;
  const blocks: string[] = [];
  // A rehearsed answer is not something the job did.
  for (const run of runs.filter(({ isRehearsed }) => !isRehearsed).toReversed()) {
    const result = await readRunResult(memory, run.id);
    if (!mayKnow(viewer, result.labels)) continue;
    const isMarked = isUntrusted(result.labels);
    if (!isMarked) labels = joinLabels(labels, result.labels);
    const why = isMarked ? (run.error?.code ?? "") : (run.error?.message ?? "no reason is known");
    const said = run.state === "failed" ? `failed: ${why}` : run.state;
    const text = correctResult(shownResult(result, run.id), corrections, run.id);
    blocks.push(
      `## ${memory.calendar.momentAt((run.endedAt ?? run.createdAt).getTime())}: ${said}${text === "" ? "" : `\n${text}`}`,
    );
  }
  return [{ name: changingNames.earlierRuns, text: correctText(blocks.join("\n\n"), corrections), labels }];
}

function shownResult({ text, labels }: RunResult, runId: string): string {
  const where = `read_run ${runId}`;
  if (isUntrusted(labels) && text !== "") return withheld("its result", { charCount: text.length, labels, where });
  return text.length > charsMax ? `${text.slice(0, charsMax).toWellFormed()}… (${where} shows all)` : text;
}
