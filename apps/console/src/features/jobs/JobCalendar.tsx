/** A week: what ran and what is due on which day and at what time, in the home's zone. It begins today, or at the day that the address names. */
import type { DayRecord, JobRecord } from "@roost/contract/operations";
import { Link, useSearchParams } from "wouter";
import { useConsole, useNow } from "../../live/console-context.ts";
import { useReading } from "../../live/use-reading.ts";
import { Unread } from "../../parts/Blank.tsx";
import { Button } from "../../parts/Button.tsx";
import { fromWallTime } from "../../parts/format.ts";
import { IconButton } from "../../parts/IconButton.tsx";
import { MomentField } from "../../parts/MomentField.tsx";
import { nameState, StateMark } from "../../parts/StateMark.tsx";
import { useTimeFormats } from "../../parts/time-formats.ts";
import { Region } from "../../parts/Region.tsx";
import { gatherDay, type DayEntry, type DayGroup } from "./gather-day.ts";
import styles from "./JobCalendar.module.css";

const dayMs = 86_400_000;
const weekDays = 7;
/** A rule of a calendar is not foreseen further, and no home lives by one. */
const aheadDaysMax = 3_660;

export function JobCalendar({ jobs }: { jobs: readonly JobRecord[] }) {
  const { week, days, isNamed, error, reload, bar } = useWeek();
  const formats = useTimeFormats();
  if (week === undefined)
    return (
      <>
        {bar}
        <Unread label="Reading the week" rows={7} rowPx={72} what="The week" error={error} onRetry={reload} />
      </>
    );
  const titles = new Map(jobs.map(({ id, definition }) => [id, definition.title ?? id]));
  const ofDays = Map.groupBy(week.entries, ({ at }) => formats.isoDay.format(at));
  return (
    <Region label={isNamed ? "A week" : "The coming week"}>
      {bar}
      <ol className={styles.week}>
        {days.map((day) => (
          <li key={day}>
            <h2>
              {formats.weekday.format(day)} <span>{formats.dayMonth.format(day)}</span>
            </h2>
            <DayList groups={gatherDay(ofDays.get(formats.isoDay.format(day)) ?? [])} titles={titles} />
          </li>
        ))}
      </ol>
      {week.isCut && <p className={styles.none}>There is more than is shown.</p>}
    </Region>
  );
}

function DayList({ groups, titles }: { groups: readonly DayGroup[]; titles: ReadonlyMap<string, string> }) {
  const formats = useTimeFormats();
  return (
    <ul>
      {groups.map((group) => (
        <li key={`${group.jobId}:${group.at}:${group.state}`}>
          <Link href={addressOf(group)} data-state={group.state}>
            <time>
              {group.state !== "due" && <StateMark state={group.state} />}
              {group.text ?? formats.clock.format(group.at)}
              {isUnfired(group) && `, ${nameState(group.state)}`}
            </time>{" "}
            <b>{titles.get(group.jobId) ?? group.jobId}</b>
          </Link>
        </li>
      ))}
      {groups.length === 0 && <li className={styles.none}>nothing</li>}
    </ul>
  );
}

/** The week that the address names, what was and is due in it, and the bar that leads to others. */
function useWeek() {
  const { client } = useConsole();
  const now = useNow();
  const formats = useTimeFormats();
  const [search, setSearch] = useSearchParams();
  const today = formats.isoDay.format(now);
  const named = search.get("from") ?? today;
  const noon = fromWallTime(`${named}T12:00`, formats);
  const isNamed = named !== today && noon < now + aheadDaysMax * dayMs;
  const first = isNamed ? noon : now;
  const days = Array.from({ length: weekDays }, (_, index) => first + index * dayMs);
  const from = isNamed && named > today ? fromWallTime(`${named}T00:00`, formats) : undefined;
  const until = first + weekDays * dayMs;
  const key = isNamed ? named : "";
  const coming = useReading(`jobs:coming:${key}`, async () =>
    until <= now ? nothingDue : client.foreseeTicks({ ...(from && { from: toIso(from) }), until: toIso(until) }),
  );
  const past = usePast(
    days.map((day) => formats.isoDay.format(day)),
    today,
  );
  const show = (at: number) => {
    const day = formats.isoDay.format(at);
    setSearch({ view: "week", ...(day !== today && { from: day }) });
  };
  const bar = (
    <div className={styles.bar}>
      <IconButton icon="chevron-left" label="The week before" onClick={() => show(first - weekDays * dayMs)} />
      <IconButton icon="chevron-right" label="The next week" onClick={() => show(until)} />
      {isNamed && (
        <Button size="small" look="quiet" onClick={() => show(now)}>
          This week
        </Button>
      )}
      <MomentField
        kind="date"
        title="From"
        label="A week from this day on"
        value={isNamed ? named : today}
        onMoment={show}
      />
    </div>
  );
  const reload = () => {
    coming.reload();
    past.reload();
  };
  const week = coming.value && past.days && weekOf(past.days, coming.value);
  return { week, days, isNamed, error: coming.error ?? past.error, reload, bar };
}

/** What was on those of the days that are not to come. Of them only today moves: what goes on over midnight stands in it, too. */
function usePast(days: readonly string[], today: string) {
  const { client } = useConsole();
  const over = days.filter((day) => day < today);
  const now = days.filter((day) => day === today);
  const read = (asked: readonly string[]) => Promise.all(asked.map((day) => client.getDay({ day })));
  const whole = useReading(`jobs:days:${over.join()}`, () => read(over));
  const moving = useReading(`jobs:today:${now.join()}`, () => read(now), {
    isMoved: ({ topic, type }) => now.length > 0 && (topic === "jobs" || type.startsWith("run.")),
  });
  return {
    days: whole.value && moving.value && [...whole.value, ...moving.value],
    error: whole.error ?? moving.error,
    reload() {
      whole.reload();
      moving.reload();
    },
  };
}

function toIso(at: number): string {
  return new Date(at).toISOString();
}

interface Coming {
  items: { jobId: string; at: string }[];
  isCut: boolean;
}

function weekOf(past: readonly DayRecord[], coming: Coming): { entries: DayEntry[]; isCut: boolean } {
  const states = new Map(past.flatMap(({ runs }) => runs.map(({ id, state }) => [id, state])));
  const due = coming.items.map(({ jobId, at }) => ({ jobId, at: Date.parse(at), state: "due", count: 1 }));
  return {
    entries: [...past.flatMap((day) => entriesOf(day, states)), ...due],
    isCut: coming.isCut || past.some(({ isCut }) => isCut),
  };
}

const nothingDue: Coming = { items: [], isCut: false };

/**
 * What jobs did on a day: runs that began, and moments at which none did. A run that went on over midnight stands where it began, in the state of the
 * last day that has it.
 */
function entriesOf({ from, until, runs, ticks }: DayRecord, states: ReadonlyMap<string, string>): DayEntry[] {
  const isWithin = (at: string | null): at is string =>
    at !== null && Date.parse(at) >= Date.parse(from) && Date.parse(at) < Date.parse(until);
  const began = runs.flatMap(({ id, jobId, scheduledAt, createdAt, ...run }) => {
    const state = states.get(id) ?? run.state;
    const at = [scheduledAt, createdAt].find(isWithin);
    return jobId === null || at === undefined ? [] : [{ jobId, at: Date.parse(at), state, count: 1, runId: id }];
  });
  const unfired = ticks.map(({ jobId, scheduledAt, outcome, count }) => {
    return { jobId, at: Date.parse(scheduledAt), state: outcome, count };
  });
  return [...began, ...unfired];
}

function isUnfired({ state, text }: DayGroup): boolean {
  return (state === "skipped" || state === "missed") && !(text ?? "").includes(state);
}

function addressOf({ jobId, runId, count, state }: DayGroup): string {
  if (runId !== undefined) return `/runs/${runId}`;
  return count > 1 && state !== "due" ? `/runs?job=${jobId}` : `/jobs/${jobId}`;
}
