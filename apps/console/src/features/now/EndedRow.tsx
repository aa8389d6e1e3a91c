import { tellReason } from "@roost/contract/describe-event";
import type { RunSummary } from "@roost/contract/operations";
import { memo } from "react";
import { Link } from "wouter";
import { useFeed, useNow } from "../../live/console-context.ts";
import { formatAgo, formatUsd, tellTokens } from "../../parts/format.ts";
import { StateMark } from "../../parts/StateMark.tsx";
import { StepStrip } from "../../parts/StepStrip.tsx";
import styles from "./NowRow.module.css";

export const EndedRow = memo(function EndedRow({ run }: { run: RunSummary }) {
  const spans = useFeed(`spans:${run.id}`) ?? [];
  const now = useNow();
  const from = Date.parse(run.startedAt ?? run.createdAt);
  const to = Date.parse(run.endedAt ?? run.createdAt);
  return (
    <li className={styles.row} data-state={run.state}>
      <Link href={`/runs/${run.id}`} className={styles.link}>
        <StateMark state={run.state} />
        <span className={styles.title}>{run.title}</span>
        <span className={styles.agent}>{run.agent}</span>
        {run.error === null ? (
          <span className={styles.doing}>{tellReason(run.reason)}</span>
        ) : (
          <span className={styles.doing} data-bad>
            {run.error.message}
          </span>
        )}
        <span className={styles.strip}>{spans.length > 0 && <StepStrip spans={spans} from={from} to={to} />}</span>
        <span className={styles.tokens}>{tellTokens(run.tokens)}</span>
        <span className={styles.age}>{formatAgo(now - to)}</span>
        <span className={styles.cost}>{formatUsd(run.costUsd)}</span>
      </Link>
    </li>
  );
});
