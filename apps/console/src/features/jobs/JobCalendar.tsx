/** The coming week: what is due on which day and at what time, in the home's zone. */
import type { JobRecord } from "@roost/contract/operations";
import { Link } from "wouter";
import { useConsole, useNow } from "../../live/console-context.ts";
import { useReading } from "../../live/use-reading.ts";
import { Unread } from "../../parts/Blank.tsx";
import { useTimeFormats } from "../../parts/time-formats.ts";
import { Region } from "../../parts/Region.tsx";
import styles from "./JobCalendar.module.css";

const dayMs = 86_400_000;
const weekDays = 7;
/** A job that is due more often in a day stands once, with its count. */
const singlyMax = 3;

export function JobCalendar({ jobs }: { jobs: readonly JobRecord[] }) {
  const { client } = useConsole();
  const now = useNow();
  const formats = useTimeFormats();
  const { value, error, reload } = useReading("jobs:coming", () =>
    client.foreseeTicks({ until: new Date(now + weekDays * dayMs).toISOString() }),
  );
  if (value === undefined)
    return <Unread label="Reading the week" rows={7} rowPx={72} what="The week" error={error} onRetry={reload} />;
  const titles = new Map(jobs.map(({ id, definition }) => [id, definition.title ?? id]));
  const dayOf = (at: number) => formats.dayMonth.format(at);
  return (
    <Region label="The coming week">
      <ol className={styles.week}>
        {Array.from({ length: weekDays }, (_, index) => now + index * dayMs).map((day) => {
          const due = value.items.filter(({ at }) => dayOf(Date.parse(at)) === dayOf(day));
          return (
            <li key={dayOf(day)}>
              <h2>
                {formats.weekday.format(day)} <span>{dayOf(day)}</span>
              </h2>
              <ul>
                {gather(due).map(({ jobId, first, count }) => (
                  <li key={`${jobId}:${first}`}>
                    <Link href={`/jobs/${jobId}`}>
                      <time>{formats.clock.format(first)}</time> <b>{titles.get(jobId) ?? jobId}</b>
                      {count > 1 && <small>{count} times</small>}
                    </Link>
                  </li>
                ))}
                {due.length === 0 && <li className={styles.none}>nothing</li>}
              </ul>
            </li>
          );
        })}
      </ol>
      {value.isCut && <p className={styles.none}>There is more than is shown.</p>}
    </Region>
  );
}

function gather(due: readonly { jobId: string; at: string }[]): { jobId: string; first: number; count: number }[] {
  const byJob = new Map<string, number[]>();
  for (const { jobId, at } of due) byJob.set(jobId, [...(byJob.get(jobId) ?? []), Date.parse(at)]);
  return [...byJob]
    .flatMap(([jobId, moments]) =>
      moments.length > singlyMax
        ? [{ jobId, first: moments[0] ?? 0, count: moments.length }]
        : moments.map((first) => ({ jobId, first, count: 1 })),
    )
    .toSorted((one, other) => Number(one.count > 1) - Number(other.count > 1) || one.first - other.first);
}
