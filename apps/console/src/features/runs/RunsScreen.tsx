/** All runs, newest first: which went wrong, took long, cost much. The filter stands in the address; new runs are told, and come when asked for. */
import { tellReason } from "@roost/contract/describe-event";
import type { RunState, RunSummary } from "@roost/contract/operations";
import { useLocation, useSearchParams } from "wouter";
import { useNow } from "../../live/console-context.ts";
import { Blank } from "../../parts/Blank.tsx";
import { FilterChips } from "../../parts/FilterChips.tsx";
import { formatAgo, formatMs, formatUsd } from "../../parts/format.ts";
import { FreshButton } from "../../parts/FreshButton.tsx";
import { PagedList } from "../../parts/PagedList.tsx";
import { ScreenHeader } from "../../parts/ScreenHeader.tsx";
import { StateMark } from "../../parts/StateMark.tsx";
import { useRunPages } from "./use-run-pages.ts";
import styles from "./RunsScreen.module.css";

const filters = [
  { id: "all", name: "All" },
  { id: "active", name: "Active" },
  { id: "trouble", name: "Trouble" },
  { id: "done", name: "Done" },
] as const;

const statesOf: Readonly<Record<string, RunState[] | undefined>> = {
  active: ["ready", "queued", "running", "waiting"],
  trouble: ["failed", "diverged", "outdated", "cancelled"],
  done: ["done"],
};

const rowPx = { desktop: 36, phone: 60 };

export function RunsScreen() {
  const [search, setSearch] = useSearchParams();
  const [, go] = useLocation();
  const chosen = search.get("state") ?? "all";
  const jobId = search.get("job") ?? undefined;
  const sessionKey = search.get("session") ?? undefined;
  const { newCount, ...pages } = useRunPages({
    state: statesOf[chosen],
    jobId,
    sessionKey,
  });
  const choose = (id: string) =>
    setSearch((before) => {
      const next = new URLSearchParams(before);
      if (id === "all") next.delete("state");
      else next.set("state", id);
      return next;
    });
  return (
    <>
      <ScreenHeader title="Runs" sub={jobId ?? sessionKey ?? ""}>
        <FreshButton count={newCount} onPress={pages.reload} />
        <FilterChips label="Which runs" items={filters} chosen={chosen} onChoose={choose} />
      </ScreenHeader>
      <PagedList
        pages={pages}
        label="Runs"
        reading="Reading runs"
        what="The list of runs"
        rowPx={rowPx}
        onOpen={({ id }) => go(`/runs/${id}`)}
        blank={
          <Blank icon="list-tree" title="No run is like that">
            {chosen === "all" ? "A message or a job starts one." : "Choose All to see the others."}
          </Blank>
        }
      >
        {(run) => <RunRow run={run} />}
      </PagedList>
    </>
  );
}

function RunRow({ run }: { run: RunSummary }) {
  const now = useNow();
  const from = Date.parse(run.startedAt ?? run.createdAt);
  const tookMs = (run.endedAt === null ? now : Date.parse(run.endedAt)) - from;
  return (
    <div className={styles.row} data-state={run.state}>
      <span role="gridcell">
        <StateMark state={run.state} />
      </span>
      <span role="gridcell" className={styles.title}>
        {run.title}
      </span>
      <span role="gridcell" className={styles.agent}>
        {run.agent}
      </span>
      <span role="gridcell" className={styles.why} data-bad={run.error !== null || undefined}>
        {run.error?.message ?? tellReason(run.reason)}
      </span>
      <span role="gridcell" className={styles.took}>
        {formatMs(Math.max(0, tookMs))}
      </span>
      <span role="gridcell" className={styles.cost}>
        {formatUsd(run.costUsd)}
      </span>
      <span role="gridcell" className={styles.age}>
        {formatAgo(now - Date.parse(run.createdAt))}
      </span>
    </div>
  );
}
