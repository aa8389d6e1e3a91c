/** Plays the coming hours without a model and without effects: what would run, what it would cost, and what would go wrong. The home does not change. */
import { findingTitles, listFindings, plural, times } from "@roost/contract/describe-rehearsal";
import type { NamedJobDefinition, Rehearsal, RehearsalReport } from "@roost/contract/operations";
import { Link } from "wouter";
import { Blank, Failure } from "../../parts/Blank.tsx";
import { Button } from "../../parts/Button.tsx";
import { formatCount, formatUsd, tellTokens, type TimeFormats } from "../../parts/format.ts";
import { tellWhen } from "../../parts/tell-cron.ts";
import { useTimeFormats } from "../../parts/time-formats.ts";
import { Region } from "../../parts/Region.tsx";
import { useRehearsal } from "./use-rehearsal.ts";
import styles from "./RehearsalView.module.css";

const dayHours = 24;
const spans = [
  { hours: dayHours, name: "Play a day" },
  { hours: 7 * dayHours, name: "Play a week" },
];

/** Of all jobs as they are. */
export function RehearsalView() {
  const { seen, play, stop } = useRehearsal();
  const choice = <Choice onPlay={(hours) => play({ hours })} />;
  switch (seen.kind) {
    case "over":
      return (
        <Region label="Rehearsal" className={styles.view}>
          <Report report={seen.report} />
          {choice}
        </Region>
      );
    case "playing":
      return <Progress rehearsal={seen.rehearsal} onStop={stop} />;
    case "failed":
      return (
        <Failure what="The rehearsal" error={seen.error}>
          {choice}
        </Failure>
      );
    case "none":
      return (
        <Blank icon="calendar-clock" title="What would the coming hours bring?">
          They are played in a copy: no model is asked, nothing is sent, nothing changes.
          {choice}
        </Blank>
      );
  }
}

/** With a job as it is written just now, which nothing has saved. Undefined: it cannot be so. */
export function TriedJob({ job }: { job: NamedJobDefinition | undefined }) {
  const { seen, play, stop } = useRehearsal();
  const isOld = seen.kind === "over" && JSON.stringify(seen.asked.jobs) !== JSON.stringify([job]);
  return (
    <div className={styles.tried}>
      {seen.kind === "none" && <p>The coming hours with the job as it stands here. Nothing is saved by it.</p>}
      {seen.kind === "failed" && <p role="alert">{seen.error.message}</p>}
      {isOld && <p className="callout">The job was changed since it was played.</p>}
      {seen.kind === "over" && <Report report={seen.report} first={job?.id} />}
      {seen.kind === "playing" ? (
        <Progress rehearsal={seen.rehearsal} onStop={stop} />
      ) : (
        <Choice onPlay={job && ((hours) => play({ hours, jobs: [job] }))} />
      )}
    </div>
  );
}

function Choice({ onPlay }: { onPlay: ((hours: number) => void) | undefined }) {
  return (
    <p className={styles.choice}>
      {spans.map(({ hours, name }) => (
        <Button key={hours} icon="play" disabled={onPlay === undefined} onClick={() => onPlay?.(hours)}>
          {name}
        </Button>
      ))}
    </p>
  );
}

function Progress({ rehearsal, onStop }: { rehearsal: Rehearsal | undefined; onStop: () => void }) {
  const formats = useTimeFormats();
  const [begin = 0, end = 1, at = 0] = rehearsal
    ? [rehearsal.from, rehearsal.until, rehearsal.playedUntil].map((time) => Date.parse(time))
    : [];
  const played = `${tellMoment(formats, at)}, ${formatCount(rehearsal?.runCount ?? 0)} runs`;
  return (
    <div className={styles.progress}>
      <p>{rehearsal === undefined ? "It begins" : `Played until ${played}`}</p>
      <progress aria-label="Played" max={end - begin} value={at - begin} />
      <Button icon="circle-stop" onClick={onStop}>
        Stop
      </Button>
    </div>
  );
}

/** `first`: the job that stands before the others. */
function Report({ report, first }: { report: RehearsalReport; first?: string | undefined }) {
  const { totals, jobs, assumptions } = report;
  const ordered = jobs.toSorted((one, other) => Number(other.jobId === first) - Number(one.jobId === first));
  const own = jobs.find(({ jobId }) => jobId === first);
  const cost = totals.costUsd === null ? "no price is known" : `about ${formatUsd(totals.costUsd)}`;
  const all = `${plural(totals.runs, "run")} in ${report.hours} hours, ${cost}`;
  return (
    <>
      <p className={styles.verdict}>
        {own === undefined ? all : `${own.title ?? own.jobId}: ${tellTicks(own)}`}
        <span>
          {own !== undefined && `All jobs: ${all}; `}
          {formatCount(totals.inputTokens)} tokens read, {formatCount(totals.outputTokens)} written, at most{" "}
          {totals.goingMax} at once
        </span>
      </p>
      <Findings report={report} />
      <ul>
        {ordered.map(({ jobId, title, when, inputTokens, outputTokens, costUsd, ...ticks }) => (
          <li key={jobId}>
            <Link href={`/jobs/${jobId}`} className={styles.row}>
              <span>
                {title ?? jobId} <small>{tellWhen(when)}</small>
              </span>
              <span className="num">{tellTicks(ticks)}</span>
              <span className="num">{tellTokens(inputTokens + outputTokens)}</span>
              <span className="num">{costUsd === null ? "" : formatUsd(costUsd)}</span>
            </Link>
          </li>
        ))}
      </ul>
      <details className={styles.rest}>
        <summary>{plural(assumptions.length, "assumption")}</summary>
        <ul>
          {assumptions.map(({ about, text }, index) => (
            <li key={index}>
              {about}: {text}
            </li>
          ))}
        </ul>
      </details>
    </>
  );
}

/** Of one kind; more are counted. */
const shownMax = 12;

function Findings({ report }: { report: RehearsalReport }) {
  const formats = useTimeFormats();
  const at = (time: string) => tellMoment(formats, Date.parse(time));
  const found = listFindings(report, { at, usd: formatUsd, count: formatCount });
  if (found.length === 0) return null;
  return (
    <div className={styles.findings}>
      {[...Map.groupBy(found, ({ about }) => about)].map(([about, those]) => (
        <section
          key={about}
          aria-label={findingTitles[about]}
          data-tone={tones.find((tone) => those.some((one) => one.tone === tone))}
        >
          <b>{findingTitles[about]}</b>
          <ul>
            {those.slice(0, shownMax).map(({ text }) => (
              <li key={text}>{text}</li>
            ))}
            {those.length > shownMax && <li>and {formatCount(those.length - shownMax)} more</li>}
          </ul>
        </section>
      ))}
    </div>
  );
}

function tellMoment({ weekday, clock }: TimeFormats, ms: number): string {
  return `${weekday.format(ms)} ${clock.format(ms)}`;
}

const tones = ["bad", "warn", "plain"] as const;

type Ticks = Pick<RehearsalReport["jobs"][number], "fired" | "skipped" | "missed" | "failedRuns">;

function tellTicks({ fired, skipped, missed, failedRuns: failed }: Ticks): string {
  const others = Object.entries({ skipped, missed, failed }).flatMap(([what, count]) =>
    count > 0 ? [`${count} ${what}`] : [],
  );
  const told = fired === 0 ? "never" : times(fired);
  return [...(fired === 0 && others.length > 0 ? [] : [told]), ...others].join(", ");
}
