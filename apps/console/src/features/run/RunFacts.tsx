/** The facts of a run in a row, and below them why it failed or what it waits for. */
import { tellReason } from "@roost/contract/describe-event";
import { Link } from "wouter";
import { useNow } from "../../live/console-context.ts";
import { formatCount, formatMs, formatUsd, formatUsdShort } from "../../parts/format.ts";
import { useTimeFormats } from "../../parts/time-formats.ts";
import type { RunReading } from "./use-run-reading.ts";
import styles from "./RunFacts.module.css";

/** What one asks of a run first: why, by whom, when, how long, how much. */
export function RunFacts({ value: { run, below, holds, waits } }: { value: RunReading }) {
  const now = useNow();
  const formats = useTimeFormats();
  const from = Date.parse(run.startedAt ?? run.createdAt);
  const to = run.endedAt === null ? now : Date.parse(run.endedAt);
  const cap = run.budget?.usdMax;
  const why = tellReason(run.reason);
  return (
    <>
      <dl className={styles.facts}>
        <div>
          <dt>Why</dt>
          <dd>{run.jobId === null ? why : <Link href={`/jobs/${run.jobId}`}>{why}</Link>}</dd>
        </div>
        <div>
          <dt>Agent</dt>
          <dd>{run.agent}</dd>
        </div>
        {run.sessionKey !== null && (
          <div>
            <dt>Conversation</dt>
            <dd>
              <Link href={`/chat/${encodeURIComponent(run.sessionKey)}`}>{run.sessionKey}</Link>
            </dd>
          </div>
        )}
        <div>
          <dt>Began</dt>
          <dd className="num" title={formats.full.format(from)}>
            {formats.clockSeconds.format(from)}
            {run.lateMs > 1_000 && <small> {formatMs(run.lateMs)} late</small>}
          </dd>
        </div>
        <div>
          <dt>Took</dt>
          <dd className="num">{formatMs(Math.max(0, to - from))}</dd>
        </div>
        <div>
          <dt>Cost</dt>
          <dd className="num">
            {formatUsd(run.costUsd + below.costUsd)}
            {cap !== undefined && <small> of {formatUsdShort(cap)}</small>}
          </dd>
        </div>
        <div>
          <dt>Tokens</dt>
          <dd className="num">{formatCount(run.tokens + below.tokens)}</dd>
        </div>
        {run.attempt > 1 && (
          <div>
            <dt>Attempt</dt>
            <dd className="num">
              {run.attempt} of {run.attemptsMax}
            </dd>
          </div>
        )}
        {run.forkedFrom !== null && (
          <div>
            <dt>Forked from</dt>
            <dd>
              <Link href={`/runs/${run.forkedFrom}`}>step {run.forkedSeq}</Link>
            </dd>
          </div>
        )}
        {run.parentRunId !== null && (
          <div>
            <dt>Started by</dt>
            <dd>
              <Link href={`/runs/${run.parentRunId}`}>another run</Link>
            </dd>
          </div>
        )}
        {holds.length > 0 && (
          <div>
            <dt>Holds</dt>
            <dd>{holds.join(", ")}</dd>
          </div>
        )}
      </dl>
      {run.error !== null && <p className={styles.error}>{run.error.message}</p>}
      {waits.length > 0 && <p className={styles.waits}>Waits for {waits.join(", ")}</p>}
    </>
  );
}
