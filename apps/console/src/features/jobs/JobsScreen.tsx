/** All jobs: what is due, whether the last ones went well, what a week looks like, what the coming hours would bring. */
import { useMemo } from "react";
import { useSearchParams } from "wouter";
import { useConsole } from "../../live/console-context.ts";
import { useReading } from "../../live/use-reading.ts";
import { Blank, Unread } from "../../parts/Blank.tsx";
import { FilterChips } from "../../parts/FilterChips.tsx";
import { ScreenHeader } from "../../parts/ScreenHeader.tsx";
import { Region } from "../../parts/Region.tsx";
import { createTickReader } from "./create-tick-reader.ts";
import { JobCalendar } from "./JobCalendar.tsx";
import { JobRow } from "./JobRow.tsx";
import { RehearsalView } from "./RehearsalView.tsx";
import styles from "./JobsScreen.module.css";

const views = [
  { id: "list", name: "List" },
  { id: "week", name: "Week" },
  { id: "rehearsal", name: "Rehearse" },
] as const;

export function JobsScreen() {
  const { client } = useConsole();
  const [search, setSearch] = useSearchParams();
  const view = search.get("view") ?? "list";
  const { value, error, reload } = useReading("jobs", () => client.listJobs({ limit: 200 }), {
    isMoved: ({ topic, type }) => topic === "jobs" || type === "run.done" || type === "run.failed",
  });
  const readTicks = useMemo(() => createTickReader(client), [client]);
  const jobs = value?.items ?? [];
  const active = jobs.filter(({ state }) => state === "active").length;
  const rest = jobs.length - active;
  return (
    <>
      <ScreenHeader
        title="Jobs"
        sub={value === undefined ? "" : `${active} active${rest === 0 ? "" : ` · ${rest} paused or finished`}`}
      >
        <FilterChips
          label="How"
          items={views}
          chosen={view}
          onChoose={(id) => setSearch(id === "list" ? {} : { view: id })}
        />
      </ScreenHeader>
      {value === undefined && (
        <Unread label="Reading jobs" rows={8} rowPx={56} what="The jobs" error={error} onRetry={reload} />
      )}
      {value !== undefined && jobs.length === 0 && (
        <Blank icon="calendar-clock" title="There is no job yet">
          A file in jobs/, roost jobs add, or asking an agent makes one.
        </Blank>
      )}
      {jobs.length > 0 && view === "list" && (
        <Region label="Jobs" className={styles.list}>
          <ul>
            {jobs.map((job) => (
              <li key={job.id}>
                <JobRow job={job} readTicks={readTicks} />
              </li>
            ))}
          </ul>
        </Region>
      )}
      {jobs.length > 0 && view === "week" && <JobCalendar jobs={jobs} />}
      {jobs.length > 0 && view === "rehearsal" && <RehearsalView />}
    </>
  );
}
