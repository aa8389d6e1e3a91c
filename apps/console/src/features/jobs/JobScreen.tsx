/** One job: when it is due next, how it went, what it costs, its prompt; run it, pause it, change all of it. */
import type { JobRecord, RunSummary, TickRecord } from "@roost/contract/operations";
import { useState } from "react";
import { Link, useParams } from "wouter";
import { describeTrigger } from "@roost/contract/describe-trigger";
import { useConsole, useFeed, useNow } from "../../live/console-context.ts";
import { useReading } from "../../live/use-reading.ts";
import { Unread } from "../../parts/Blank.tsx";
import { Button } from "../../parts/Button.tsx";
import { HeaderRefusal } from "../../parts/HeaderRefusal.tsx";
import { formatAgo, formatMoment, formatMs, formatUsd, type TimeFormats } from "../../parts/format.ts";
import { ScreenHeader } from "../../parts/ScreenHeader.tsx";
import { nameState, StateMark } from "../../parts/StateMark.tsx";
import { tellWhen } from "../../parts/tell-cron.ts";
import { useTimeFormats } from "../../parts/time-formats.ts";
import { useAct } from "../../parts/use-act.ts";
import { Region } from "../../parts/Region.tsx";
import { JobEditor } from "./JobEditor.tsx";
import { TickStrip } from "./TickStrip.tsx";
import styles from "./JobScreen.module.css";

const back = { href: "/jobs", name: "Jobs" };

export function JobScreen() {
  const { jobId } = useParams<{ jobId: string }>();
  const { client } = useConsole();
  const { value, error, reload } = useReading(
    `job:${jobId}`,
    async () => {
      const [{ job, ticks }, runs] = await Promise.all([
        client.getJob({ jobId }),
        client.listRuns({ jobId, limit: 50 }),
      ]);
      return { job, ticks, runs: runs.items };
    },
    { isMoved: ({ data }) => data["jobId"] === jobId },
  );
  const timeZone = useFeed("status")?.timeZone;
  const now = useNow();
  const formats = useTimeFormats();
  const [isEditing, setEditing] = useState(false);
  if (value === undefined)
    return (
      <>
        <ScreenHeader title={jobId} back={back} />
        <Unread label="Reading the job" rows={10} what="The job" error={error} onRetry={reload} />
      </>
    );
  const { job, ticks, runs } = value;
  const ended = runs.filter(({ endedAt }) => endedAt !== null);
  const spent = ended.reduce((sum, { costUsd }) => sum + costUsd, 0);
  return (
    <>
      <ScreenHeader title={job.definition.title ?? job.id} back={back} sub={job.state}>
        <JobActions job={job} onChange={reload} />
      </ScreenHeader>
      <Region label="Job" className={styles.page}>
        {job.failing !== null && (
          <p className="callout" data-tone="bad">
            {tellFailing(job.failing, now, formats)}: {job.failing.reason}
          </p>
        )}
        <section className={styles.top}>
          <div>
            <h2 className="part-title">When</h2>
            <p className={styles.when}>{tellWhen(describeTrigger(job.definition.trigger, { timeZone }))}</p>
            <Coming job={job} />
            <p className={styles.note}>From {job.source ?? job.definedBy}</p>
            <Button icon="pencil" size="small" onClick={() => setEditing(!isEditing)} aria-expanded={isEditing}>
              Change
            </Button>
          </div>
          <div>
            <h2 className="part-title">Last twenty</h2>
            <TickStrip ticks={ticks} />
            <Forecast jobId={job.id} />
            <p className={styles.note}>
              {ended.length === 0
                ? tellFirst(runs)
                : ended.length === 1
                  ? `${formatUsd(spent)} for the last run`
                  : `${formatUsd(spent / ended.length)} a run, over the last ${ended.length}: ${formatUsd(spent)} together`}
            </p>
          </div>
        </section>
        {isEditing && <JobEditor job={job} onDone={() => setEditing(false)} onSaved={reload} />}
        <section>
          <h2 className="part-title">Ticks</h2>
          <ul>
            {ticks.map((tick) => (
              <TickRow key={tick.tickKey} tick={tick} cost={runs.find(({ id }) => id === tick.runId)?.costUsd} />
            ))}
          </ul>
          {ticks.length === 0 && <p className={styles.note}>None yet.</p>}
        </section>
        <section>
          <h2 className="part-title">Prompt</h2>
          <pre className={`${styles.prompt} verbatim`}>
            {job.definition.prompt === "" ? "none" : job.definition.prompt}
          </pre>
        </section>
      </Region>
    </>
  );
}

function tellFailing(
  { count, since, runId }: NonNullable<JobRecord["failing"]>,
  now: number,
  formats: TimeFormats,
): string {
  const at = Date.parse(since);
  if (runId === null) return `No success since ${formatMoment(at, now, formats)}`;
  const ago = formatAgo(now - at);
  return count === 1 ? `Failed ${ago}` : `Failed ${count} times, first ${ago}`;
}

/** Of a job of which no run has ended. */
function tellFirst([latest]: readonly RunSummary[]): string {
  if (latest === undefined) return "It has not run yet.";
  return latest.state === "running" ? "Its first run is under way." : "Its first run has not ended: it waits.";
}

/** What a day of it is likely to cost, by its own history. */
function Forecast({ jobId }: { jobId: string }) {
  const { client } = useConsole();
  const { value } = useReading("jobs:forecasts", () => client.listSpendForecasts({ limit: 500 }));
  const found = value?.items.find((forecast) => forecast.jobId === jobId);
  if (found === undefined || found.runCount === 0) return null;
  return (
    <p className={styles.note}>
      Likely {found.isCostKnown ? "" : "more than "}
      {formatUsd(found.usdPerDay)} a day: {found.runsPerDay.toFixed(1)} runs of {formatUsd(found.usdPerRun)}
    </p>
  );
}

function Coming({ job }: { job: JobRecord }) {
  const { client } = useConsole();
  const formats = useTimeFormats();
  const now = useNow();
  const { value } = useReading(`job:${job.id}:coming:${job.version}:${job.nextAt ?? ""}`, () =>
    client.foreseeTicks({ jobId: job.id, until: new Date(now + 400 * 86_400_000).toISOString(), limit: 5 }),
  );
  if (job.state !== "active") return <p className={styles.note}>{job.pausedReason ?? "It is not due."}</p>;
  return (
    <p className={styles.note}>
      {value === undefined && "…"}
      {value?.items.length === 0 && "No moment is foreseen."}
      {value !== undefined &&
        value.items.length > 0 &&
        `Next: ${value.items.map(({ at }) => formatMoment(Date.parse(at), now, formats)).join(" · ")}`}
    </p>
  );
}

function TickRow({ tick, cost }: { tick: TickRecord; cost: number | undefined }) {
  const formats = useTimeFormats();
  const now = useNow();
  const inside = (
    <>
      <StateMark state={tick.outcome} />
      <span className="num">{formatMoment(Date.parse(tick.scheduledAt), now, formats)}</span>
      <span className={styles.reason}>
        {nameState(tick.outcome)}
        {tick.reason !== null && `: ${tick.reason}`}
        {tick.missedCount > 0 && `, ${tick.missedCount} missed before`}
      </span>
      <span className={styles.late}>{tick.lateMs > 1_000 ? `${formatMs(tick.lateMs)} late` : ""}</span>
      <span className="num">{cost === undefined ? "" : formatUsd(cost)}</span>
    </>
  );
  return (
    <li>
      {tick.runId === null ? (
        <span className={styles.tick}>{inside}</span>
      ) : (
        <Link href={`/runs/${tick.runId}`} className={styles.tick}>
          {inside}
        </Link>
      )}
    </li>
  );
}

function JobActions({ job, onChange }: { job: JobRecord; onChange: () => void }) {
  const { client } = useConsole();
  const { isBusy, refusal, act } = useAct(onChange);
  const { id: jobId } = job;
  return (
    <>
      <HeaderRefusal text={refusal} />
      {job.state === "paused" ? (
        <Button icon="play" size="small" isBusy={isBusy} onClick={() => act(() => client.resumeJob({ jobId }))}>
          Resume
        </Button>
      ) : (
        <Button
          icon="pause"
          size="small"
          isBusy={isBusy}
          onClick={() => act(() => client.pauseJob({ jobId, reason: "paused on the console" }))}
        >
          Pause
        </Button>
      )}
      <Button
        icon="zap"
        size="small"
        look="main"
        isBusy={isBusy}
        onClick={() => act(() => client.runJob({ jobId, reason: "asked for on the console" }))}
      >
        Run now
      </Button>
    </>
  );
}
