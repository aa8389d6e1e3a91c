/** A job in a line: when, how the last twenty ticks went, what comes next. */
import type { JobRecord } from "@roost/contract/operations";
import { Link } from "wouter";
import { useFeed, useNow } from "../../live/console-context.ts";
import { useReading } from "../../live/use-reading.ts";
import { describeTrigger } from "@roost/contract/describe-trigger";
import { formatMoment } from "../../parts/format.ts";
import { StateMark } from "../../parts/StateMark.tsx";
import { tellWhen } from "../../parts/tell-cron.ts";
import { useTimeFormats } from "../../parts/time-formats.ts";
import type { ReadTicks } from "./create-tick-reader.ts";
import { TickStrip } from "./TickStrip.tsx";
import styles from "./JobRow.module.css";

export function JobRow({ job, readTicks }: { job: JobRecord; readTicks: ReadTicks }) {
  const now = useNow();
  const formats = useTimeFormats();
  const { value } = useReading(`job:${job.id}:ticks`, () => readTicks(job.id), {
    isMoved: ({ topic, data }) => topic === "jobs" && data["jobId"] === job.id,
  });
  const timeZone = useFeed("status")?.timeZone;
  const { definition, state, failing, dueAt } = job;
  return (
    <Link href={`/jobs/${job.id}`} className={styles.row} data-state={state}>
      <StateMark state={shownState(job)} />
      <span className={styles.title}>
        {definition.title ?? job.id}
        <small>{failing === null ? tellWhen(describeTrigger(definition.trigger, { timeZone })) : failing.reason}</small>
      </span>
      <TickStrip ticks={value ?? []} />
      <span className={styles.next}>
        {state === "paused" ? "paused" : dueAt === null ? "" : formatMoment(Date.parse(dueAt), now, formats)}
      </span>
    </Link>
  );
}

function shownState({ failing, state, activeRunIds, dueAt }: JobRecord): string {
  if (failing !== null) return "failed";
  if (state !== "active") return state;
  if (activeRunIds.length > 0) return "running";
  return dueAt === null ? "idle" : "due";
}
