/** Plays the coming hours without a model and without effects: what would run, what it would cost, and what would go wrong. The home does not change. */
import type { Rehearsal, RehearsalReport } from "@roost/contract/operations";
import { useEffect, useRef, useState } from "react";
import { Link } from "wouter";
import { useConsole } from "../../live/console-context.ts";
import { Blank, Failure } from "../../parts/Blank.tsx";
import { Button } from "../../parts/Button.tsx";
import { formatCount, formatUsd } from "../../parts/format.ts";
import { useTimeFormats } from "../../parts/time-formats.ts";
import { Region } from "../../parts/Region.tsx";
import { listFindings } from "./list-findings.ts";
import styles from "./RehearsalView.module.css";

export function RehearsalView() {
  const { seen, error, play } = useRehearsal();
  if (error !== undefined) return <Failure what="The rehearsal" error={error} onRetry={() => play(dayHours)} />;
  if (seen?.report != null) return <Report report={seen.report} />;
  if (seen?.rehearsal.state === "playing") return <Progress rehearsal={seen.rehearsal} />;
  return (
    <Blank icon="calendar-clock" title="What would the coming hours bring?">
      They are played in a copy: no model is asked, nothing is sent, nothing changes.
      <p className={styles.choice}>
        <Button look="main" icon="play" onClick={() => play(dayHours)}>
          Play a day
        </Button>
        <Button onClick={() => play(7 * dayHours)}>Play a week</Button>
      </p>
      {seen !== undefined && <p>{seen.rehearsal.error ?? "It was cancelled."}</p>}
    </Blank>
  );
}

const dayHours = 24;
const lookMs = 1_000;

interface Seen {
  rehearsal: Rehearsal;
  report: RehearsalReport | null;
}

/** One rehearsal at a time is played: one that is left is cancelled. */
function useRehearsal() {
  const { client } = useConsole();
  const [seen, setSeen] = useState<Seen>();
  const [error, setError] = useState<Error>();
  const id = seen?.rehearsal.state === "playing" ? seen.rehearsal.id : undefined;
  const playing = useRef(id);
  playing.current = id;
  useEffect(() => {
    if (id === undefined) return undefined;
    const timer = setInterval(() => {
      client.getRehearsal({ rehearsalId: id }).then((found) => {
        if (playing.current === id) setSeen(found);
      }, setError);
    }, lookMs);
    return () => clearInterval(timer);
  }, [client, id]);
  useEffect(
    () => () => {
      if (playing.current !== undefined)
        void client.cancelRehearsal({ rehearsalId: playing.current }).catch(() => undefined);
    },
    [client],
  );
  const play = (hours: number) => {
    setError(undefined);
    setSeen(undefined);
    client.startRehearsal({ hours }).then(({ rehearsal }) => setSeen({ rehearsal, report: null }), setError);
  };
  return { seen, error, play };
}

function Progress({ rehearsal: { from, until, playedUntil, runCount } }: { rehearsal: Rehearsal }) {
  const formats = useTimeFormats();
  const [begin, end, at] = [from, until, playedUntil].map((time) => Date.parse(time)) as [number, number, number];
  return (
    <div className={styles.progress}>
      <p>
        Played until {formats.weekday.format(at)} {formats.clock.format(at)}, {formatCount(runCount)} runs
      </p>
      <progress aria-label="Played" max={end - begin} value={at - begin} />
    </div>
  );
}

function Report({ report }: { report: RehearsalReport }) {
  const formats = useTimeFormats();
  const { totals, jobs, assumptions } = report;
  const findings = listFindings(report, (at) => formats.full.format(Date.parse(at)));
  return (
    <Region label="Rehearsal" className={styles.view}>
      <p className={styles.verdict}>
        {formatCount(totals.runs)} runs in {report.hours} hours,{" "}
        {totals.costUsd === null ? "no price is known" : `about ${formatUsd(totals.costUsd)}`}
        <span>
          {formatCount(totals.inputTokens)} tokens read, {formatCount(totals.outputTokens)} written, at most{" "}
          {totals.goingMax} at once
        </span>
      </p>
      {findings.length > 0 && (
        <ul className={styles.findings}>
          {findings.map((finding) => (
            <li key={finding}>{finding}</li>
          ))}
        </ul>
      )}
      <ul>
        {jobs.map(({ jobId, title, when, fired, skipped, missed, failedRuns, inputTokens, outputTokens, costUsd }) => (
          <li key={jobId}>
            <Link href={`/jobs/${jobId}`} className={styles.row}>
              <span>
                {title ?? jobId} <small>{when}</small>
              </span>
              <span className="num">{tellTicks({ fired, skipped, missed, failed: failedRuns })}</span>
              <span className="num">{formatCount(inputTokens + outputTokens)} tokens</span>
              <span className="num">{costUsd === null ? "" : formatUsd(costUsd)}</span>
            </Link>
          </li>
        ))}
      </ul>
      <details className={styles.rest}>
        <summary>{assumptions.length} assumptions</summary>
        <ul>
          {assumptions.map(({ about, text }, index) => (
            <li key={index}>
              {about}: {text}
            </li>
          ))}
        </ul>
      </details>
    </Region>
  );
}

function tellTicks({ fired, ...rest }: Record<"fired" | "skipped" | "missed" | "failed", number>): string {
  const others = Object.entries(rest).flatMap(([what, count]) => (count > 0 ? [`${count} ${what}`] : []));
  return [fired === 1 ? "once" : `${fired} times`, ...others].join(", ");
}
