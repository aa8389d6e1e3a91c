/** The buttons of a run's header. What becomes of them is the gateway's to decide and to refuse. */
import type { RunRecord } from "@roost/contract/operations";
import { ownCapOf } from "@roost/contract/own-cap-of";
import { useLocation } from "wouter";
import { useConsole } from "../../live/console-context.ts";
import { Button } from "../../parts/Button.tsx";
import { formatCount, formatUsd } from "../../parts/format.ts";
import { HeaderRefusal } from "../../parts/HeaderRefusal.tsx";
import { StopButton } from "../../parts/StopButton.tsx";
import { useAct } from "../../parts/use-act.ts";
import styles from "./RunActions.module.css";

export interface RunActionsProps {
  run: RunRecord;
  /** The chosen step: a fork begins there. */
  fromSeq: number | undefined;
  onChange: () => void;
}

const retried = new Set(["failed", "cancelled", "diverged"]);

/** What can be done with a run: stop it, take it up again, or try another way from one of its steps. */
export function RunActions({ run, fromSeq, onChange }: RunActionsProps) {
  const { client } = useConsole();
  const [, go] = useLocation();
  const { isBusy, refusal, act } = useAct(onChange);
  const more = moreOf(run);
  const fork = async () => {
    const { run: forked } = await client.forkRun({
      runId: run.id,
      fromSeq: fromSeq ?? 1,
      reason: "tried again on the console",
    });
    go(`/runs/${forked.id}`);
  };
  return (
    <span className={styles.actions}>
      <HeaderRefusal text={refusal} />
      {run.endedAt === null && <StopButton runId={run.id} title={run.title} />}
      {run.endedAt !== null && (
        <Button icon="git-fork" size="small" isBusy={isBusy} onClick={() => act(fork)}>
          {fromSeq === undefined ? "Fork" : `Fork at ${fromSeq}`}
        </Button>
      )}
      {retried.has(run.state) && (
        <Button
          icon="rotate-ccw"
          size="small"
          look="main"
          isBusy={isBusy}
          onClick={() => act(() => client.retryRun({ runId: run.id, reason: "retried on the console" }))}
        >
          {more === undefined ? "Retry" : `Go on with ${more} more`}
        </Button>
      )}
    </span>
  );
}

/** What a retry of a run that its own cap has stopped may take: as much again, since what was spent does not count against it. */
function moreOf(run: RunRecord): string | undefined {
  const cap = ownCapOf(run);
  const max = cap && run.budget?.[cap];
  if (max === undefined) return undefined;
  if (cap === "usdMax") return formatUsd(max);
  return `${formatCount(max)} ${cap === "tokensMax" ? "tokens" : "calls"}`;
}
