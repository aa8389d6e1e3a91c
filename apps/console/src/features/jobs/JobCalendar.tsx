/** A week: what is due on which day and at what time, in the home's zone. It begins today, or at the day that the address names. */
import type { JobRecord } from "@roost/contract/operations";
import { Link, useSearchParams } from "wouter";
import { useConsole, useNow } from "../../live/console-context.ts";
import { useReading } from "../../live/use-reading.ts";
import { Unread } from "../../parts/Blank.tsx";
import { Button } from "../../parts/Button.tsx";
import { fromWallTime } from "../../parts/format.ts";
import { IconButton } from "../../parts/IconButton.tsx";
import { MomentField } from "../../parts/MomentField.tsx";
import { useTimeFormats } from "../../parts/time-formats.ts";
import { Region } from "../../parts/Region.tsx";
import styles from "./JobCalendar.module.css";

const dayMs = 86_400_000;
const weekDays = 7;
/** A job that is due more often in a day stands once, with its count. */
const singlyMax = 3;
/** A rule of a calendar is not foreseen further, and no home lives by one. */
const aheadDaysMax = 3_660;

export function JobCalendar({ jobs }: { jobs: readonly JobRecord[] }) {
  const { client } = useConsole();
  const now = useNow();
  const formats = useTimeFormats();
  const [search, setSearch] = useSearchParams();
  const today = formats.isoDay.format(now);
  const named = search.get("from") ?? today;
  const noon = fromWallTime(`${named}T12:00`, formats);
  const isAhead = named > today && noon < now + aheadDaysMax * dayMs;
  const first = isAhead ? noon : now;
  const begins = isAhead ? fromWallTime(`${named}T00:00`, formats) : undefined;
  const { value, error, reload } = useReading(`jobs:coming:${isAhead ? named : ""}`, () =>
    client.foreseeTicks({
      ...(begins === undefined ? {} : { from: new Date(begins).toISOString() }),
      until: new Date(first + weekDays * dayMs).toISOString(),
    }),
  );
  const show = (at: number) => setSearch({ view: "week", ...(at > now && { from: formats.isoDay.format(at) }) });
  const bar = (
    <div className={styles.bar}>
      <IconButton
        icon="chevron-left"
        label="The week before"
        disabled={!isAhead}
        onClick={() => show(first - weekDays * dayMs)}
      />
      <IconButton icon="chevron-right" label="The next week" onClick={() => show(first + weekDays * dayMs)} />
      {isAhead && (
        <Button size="small" look="quiet" onClick={() => show(now)}>
          This week
        </Button>
      )}
      <MomentField
        kind="date"
        title="From"
        label="A week from this day on"
        min={today}
        value={isAhead ? named : today}
        onMoment={show}
      />
    </div>
  );
  if (value === undefined)
    return (
      <>
        {bar}
        <Unread label="Reading the week" rows={7} rowPx={72} what="The week" error={error} onRetry={reload} />
      </>
    );
  const titles = new Map(jobs.map(({ id, definition }) => [id, definition.title ?? id]));
  const dayOf = (at: number) => formats.dayMonth.format(at);
  return (
    <Region label={isAhead ? "A week" : "The coming week"}>
      {bar}
      <ol className={styles.week}>
        {Array.from({ length: weekDays }, (_, index) => first + index * dayMs).map((day) => {
          const due = value.items.filter(({ at }) => dayOf(Date.parse(at)) === dayOf(day));
          return (
            <li key={dayOf(day)}>
              <h2>
                {formats.weekday.format(day)} <span>{dayOf(day)}</span>
              </h2>
              <ul>
                {gather(due).map(({ jobId, first: at, count }) => (
                  <li key={`${jobId}:${at}`}>
                    <Link href={`/jobs/${jobId}`}>
                      <time>{count > 1 ? `${count} times` : formats.clock.format(at)}</time>{" "}
                      <b>{titles.get(jobId) ?? jobId}</b>
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
