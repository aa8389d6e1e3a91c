/** One active run as a row of Now. What it does to the run itself is StopButton's. */
import { tellReason } from "@roost/contract/describe-event";
import type { ActivityRecord } from "@roost/contract/operations";
import { memo, useState } from "react";
import { Link } from "wouter";
import { useFeed, useNow } from "../../live/console-context.ts";
import { formatMs, formatUsd, tellTokens } from "../../parts/format.ts";
import { StateMark } from "../../parts/StateMark.tsx";
import { StepStrip } from "../../parts/StepStrip.tsx";
import { tellStep } from "../../parts/tell-step.ts";
import { StopButton } from "../../parts/StopButton.tsx";
import styles from "./NowRow.module.css";

/** A run that is active: what it is, what it does now, its whole life as a strip, how long, how much, and an end to it. */
export const NowRow = memo(function NowRow({ id }: { id: string }) {
  const run = useFeed(`run:${id}`);
  const spans = useFeed(`spans:${id}`) ?? [];
  if (run === undefined) return null;
  const from = spans[0]?.from ?? Date.parse(run.sinceAt ?? "");
  return (
    <li className={styles.row} data-state={run.state}>
      <Link href={`/runs/${id}`} className={styles.link}>
        <StateMark state={run.state} />
        <span className={styles.title}>{run.title}</span>
        <span className={styles.agent}>{run.agent}</span>
        <Doing run={run} />
        <span className={styles.strip}>{spans.length > 0 && <StepStrip spans={spans} from={from} to={null} />}</span>
        <span className={styles.tokens}>
          <Moving value={run.tokens} tell={tellTokens} />
        </span>
        <Age from={from} />
        <span className={styles.cost}>
          <Moving value={run.costUsd} tell={formatUsd} />
        </span>
      </Link>
      <span className={styles.stop}>
        <StopButton runId={id} title={run.title} />
      </span>
    </li>
  );
});

function Doing({ run }: { run: ActivityRecord }) {
  if (run.state === "waiting")
    return (
      <span className={styles.doing} data-wait>
        for {run.waitingFor ?? "something"}
      </span>
    );
  if (run.state === "queued") return <span className={styles.doing}>{run.waitingFor ?? "waits for its turn"}</span>;
  if (run.state === "running" && run.stepName !== null)
    return <span className={styles.doing}>{tellStep(run.stepName)}</span>;
  return <span className={styles.doing}>{tellReason(run.why)}</span>;
}

/** Glows when it grows, not when it is first seen. */
function Moving({ value, tell }: { value: number; tell: (value: number) => string }) {
  const [first] = useState(value);
  return (
    <span key={value} data-moved={value !== first || undefined}>
      {tell(value)}
    </span>
  );
}

function Age({ from }: { from: number }) {
  const now = useNow();
  return <span className={styles.age}>{Number.isNaN(from) ? "" : formatMs(Math.max(1_000, now - from))}</span>;
}
