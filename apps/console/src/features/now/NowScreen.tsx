/** What needs one, what runs and on what, what today costs, what comes next: in one glance. */
import { useMemo } from "react";
import type { ActivityRecord } from "@roost/contract/operations";
import { useFeed } from "../../live/console-context.ts";
import { Blank, Skeleton } from "../../parts/Blank.tsx";
import { formatUsdShort } from "../../parts/format.ts";
import { ScreenHeader } from "../../parts/ScreenHeader.tsx";
import { Region } from "../../parts/Region.tsx";
import { AlarmList } from "./AlarmList.tsx";
import { DueList } from "./DueList.tsx";
import { EndedRow } from "./EndedRow.tsx";
import { HouseHealth } from "./HouseHealth.tsx";
import { NeedCards } from "./NeedCards.tsx";
import { NowRow } from "./NowRow.tsx";
import { SpendOfDay } from "./SpendOfDay.tsx";
import styles from "./NowScreen.module.css";

export function NowScreen() {
  const rows = useFeed("rows");
  const groups = useMemo(() => groupRows(rows ?? []), [rows]);
  const sub = rows === undefined ? "" : `${groups.running.length} running · ${groups.waiting.length} waiting`;
  return (
    <>
      <ScreenHeader title="Now" sub={sub}>
        <SpendChip />
      </ScreenHeader>
      <div className={styles.columns}>
        <Region label="Work" className={styles.live}>
          <AlarmList />
          <NeedCards />
          {rows === undefined ? (
            <Skeleton label="Reading what runs" rows={10} />
          ) : (
            <>
              <Group name="Running" rows={groups.running} hasLegend />
              <Group name="Waiting" rows={groups.waiting} />
              {groups.running.length + groups.waiting.length === 0 && (
                <Blank icon="activity" title="Nothing runs at the moment">
                  What is due next stands under Due next; a message to an agent starts at once.
                </Blank>
              )}
            </>
          )}
          <Ended />
          {rows !== undefined && (
            <div className={styles.phone}>
              <DueList rows={groups.due} />
              <HouseHealth />
            </div>
          )}
        </Region>
        <aside className={styles.aside} aria-label="Today">
          <SpendOfDay />
          <DueList rows={groups.due} />
          <HouseHealth />
        </aside>
      </div>
    </>
  );
}

function groupRows(rows: readonly ActivityRecord[]) {
  const runs = rows.filter(({ kind }) => kind === "run");
  return {
    running: runs.filter(({ state }) => state === "running" || state === "ready"),
    waiting: runs.filter(({ state }) => state === "waiting" || state === "queued"),
    due: rows.filter(({ kind, state }) => kind === "job" && state === "due"),
  };
}

const legendKinds = ["model", "tool", "wait", "failed"];

function Group({
  name,
  rows,
  hasLegend = false,
}: {
  name: string;
  rows: readonly ActivityRecord[];
  hasLegend?: boolean;
}) {
  if (rows.length === 0) return null;
  return (
    <section aria-label={name}>
      <h2 className={styles.head}>
        {name} <span className="num">{rows.length}</span>
        {hasLegend && (
          <em className={styles.legend} aria-hidden="true">
            {legendKinds.map((kind) => (
              <i key={kind} data-kind={kind}>
                {kind}
              </i>
            ))}
          </em>
        )}
      </h2>
      <ul>
        {rows.map(({ id }) => (
          <NowRow key={id} id={id} />
        ))}
      </ul>
    </section>
  );
}

const endedShown = 12;

function Ended() {
  const ended = useFeed("ended");
  if (ended === undefined || ended.length === 0) return null;
  return (
    <section aria-label="Just ended">
      <h2 className={styles.head}>Just ended</h2>
      <ul>
        {ended.slice(0, endedShown).map((run) => (
          <EndedRow key={run.id} run={run} />
        ))}
      </ul>
    </section>
  );
}

function SpendChip() {
  const spend = useFeed("status")?.spend;
  return spend === undefined ? null : <span className={`${styles.chip} num`}>{formatUsdShort(spend.usd)} today</span>;
}
