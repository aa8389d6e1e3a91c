/** One run: where its time and money went, what failed, why it ran, and whether it would do the same again. */
import { useEffect, useState } from "react";
import type { StepRecord } from "@roost/contract/operations";
import { useLocation, useParams } from "wouter";
import { useConsole } from "../../live/console-context.ts";
import { useReading } from "../../live/use-reading.ts";
import { Unread } from "../../parts/Blank.tsx";
import { FilterChips } from "../../parts/FilterChips.tsx";
import { isTyping } from "../../parts/is-typing.ts";
import { ScreenHeader } from "../../parts/ScreenHeader.tsx";
import { nameState, StateMark } from "../../parts/StateMark.tsx";
import { keyOf } from "./key-of.ts";
import { CauseTree } from "./CauseTree.tsx";
import { ReplayView } from "./ReplayView.tsx";
import { RunActions } from "./RunActions.tsx";
import { RunFacts } from "./RunFacts.tsx";
import { StepPanel } from "./StepPanel.tsx";
import { usePrinted } from "./use-printed.ts";
import { useRunReading } from "./use-run-reading.ts";
import { TraceView } from "./TraceView.tsx";
import { Waterfall } from "./Waterfall.tsx";
import styles from "./RunScreen.module.css";

const tabs = [
  { id: "steps", name: "Steps" },
  { id: "why", name: "Why" },
  { id: "replay", name: "Replay" },
  { id: "trace", name: "Trace" },
] as const;

const back = { href: "/runs", name: "Runs" };

export function RunScreen() {
  const { runId } = useParams<{ runId: string }>();
  const { value, error, reload } = useRunReading(runId);
  const [tab, setTab] = useState<string>("steps");
  const [chosen, setChosen] = useState<string>();
  useNeighbours(runId);
  const step = value?.steps.find((each) => keyOf(each) === chosen);
  const trouble = value?.steps.filter(({ state }) => state === "failed" || state === "unknown") ?? [];
  useTroubleKey(trouble, chosen, setChosen);
  const printed = usePrinted(value);
  if (value === undefined)
    return (
      <>
        <ScreenHeader title="Run" back={back} />
        <Unread label="Reading the run" rows={12} what="The run" error={error} onRetry={reload} />
      </>
    );
  const { run } = value;
  return (
    <>
      <ScreenHeader title={run.title} back={back} sub={<RunState state={run.state} />}>
        <RunActions run={run} fromSeq={step?.runId === runId ? step.seq : undefined} onChange={reload} />
      </ScreenHeader>
      <div className={styles.page}>
        <RunFacts value={value} />
        <div className={styles.tabs}>
          <FilterChips label="What of the run" items={tabs} chosen={tab} onChoose={setTab} />
          {trouble.length > 0 && (
            <button type="button" className={styles.trouble} onClick={() => setChosen(keyOf(trouble[0]!))}>
              {trouble.length} went wrong <kbd aria-hidden="true">E</kbd>
            </button>
          )}
        </div>
        {tab === "steps" && (
          <div className={styles.columns} data-split={step !== undefined || undefined}>
            <Waterfall value={value} chosen={chosen} printed={printed} onChoose={setChosen} />
            {step !== undefined && (
              <StepPanel step={step} printed={printed} onClose={() => setChosen(undefined)} onChange={reload} />
            )}
          </div>
        )}
        {tab === "why" && <CauseTree runId={runId} />}
        {tab === "trace" && <TraceView value={value} />}
        {tab === "replay" && <ReplayView runId={runId} isOver={run.endedAt !== null} />}
      </div>
    </>
  );
}

function RunState({ state }: { state: string }) {
  return (
    <span className={styles.state} data-state={state}>
      <StateMark state={state} /> <span aria-hidden="true">{nameState(state)}</span>
    </span>
  );
}

/** "[" and "]" lead to the run before and after. */
function useNeighbours(runId: string): void {
  const { client } = useConsole();
  const [, go] = useLocation();
  const { value } = useReading("run:neighbours", () => client.listRuns({ limit: 200 }));
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (isTyping(event.target) || (event.key !== "[" && event.key !== "]")) return;
      const ids = value?.items.map(({ id }) => id) ?? [];
      const next = ids[ids.indexOf(runId) + (event.key === "]" ? 1 : -1)];
      if (ids.includes(runId) && next !== undefined) go(`/runs/${next}`);
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, [runId, value, go]);
}

function useTroubleKey(
  trouble: readonly StepRecord[],
  chosen: string | undefined,
  onChoose: (key: string) => void,
): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== "e" || isTyping(event.target) || event.metaKey || event.ctrlKey) return;
      const at = trouble.findIndex((each) => keyOf(each) === chosen);
      const next = trouble[(at + 1) % Math.max(1, trouble.length)];
      if (next !== undefined) onChoose(keyOf(next));
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, [trouble, chosen, onChoose]);
}
