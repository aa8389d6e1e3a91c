import type { RunRecord, RunSummary, StepRecord } from "@roost/contract/operations";
import { useConsole } from "../../live/console-context.ts";
import { useReading } from "../../live/use-reading.ts";

export interface RunReading {
  run: RunRecord;
  /** Its own and those of the runs that it started. */
  steps: readonly StepRecord[];
  children: readonly RunSummary[];
  holds: readonly string[];
  waits: readonly string[];
  below: { runCount: number; costUsd: number; tokens: number };
  /** More steps than are read. */
  isCut: boolean;
}

const stepsMax = 500;
const childrenMax = 24;

/** A run with its steps and those of its children, read again whenever one of them moves. */
export function useRunReading(runId: string) {
  const { client } = useConsole();
  const ids = new Set([runId]);
  const reading = useReading<RunReading>(
    `run:${runId}`,
    async () => {
      const [own, children] = await Promise.all([
        client.getRun({ runId, limit: stepsMax }),
        client.listRuns({ parentRunId: runId, limit: childrenMax }),
      ]);
      const inside = await Promise.all(children.items.map(({ id }) => client.getRun({ runId: id, limit: stepsMax })));
      return {
        run: own.run,
        steps: [...own.steps.items, ...inside.flatMap(({ steps }) => steps.items)],
        children: children.items.toReversed(),
        holds: own.holds,
        waits: own.waits.map(({ text }) => text),
        below: own.below,
        isCut: own.steps.next !== null,
      };
    },
    { isMoved: ({ data }) => typeof data["runId"] === "string" && ids.has(data["runId"]) },
  );
  for (const { id } of reading.value?.children ?? []) ids.add(id);
  return reading;
}
