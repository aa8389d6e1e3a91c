/** A day as one picture: what ran when, for how long, how it ended, and which moments passed without a run. A press on it leads to that moment. */
import type { DayRecord } from "@roost/contract/operations";
import { useLocation } from "wouter";
import { useNow } from "../../live/console-context.ts";
import { formatMs, formatUsd, formatUsdShort } from "../../parts/format.ts";
import { nameState } from "../../parts/StateMark.tsx";
import { useTimeFormats } from "../../parts/time-formats.ts";
import { layOutDay, type DayBar } from "./lay-out-day.ts";
import styles from "./DayPicture.module.css";

export interface DayPictureProps {
  day: DayRecord;
  onMoment: (atMs: number) => void;
}

const hours = [0, 3, 6, 9, 12, 15, 18, 21, 24];
const barPx = 9;
/** A run of a second is seen, too. */
const shareMin = 0.004;

export function DayPicture({ day, onMoment }: DayPictureProps) {
  const now = useNow();
  const minute = Math.floor(now / 60_000) * 60_000;
  const lanes = layOutDay(day, minute);
  const [from, until] = [Date.parse(day.from), Date.parse(day.until)];
  const nowShare = (minute - from) / (until - from);
  const failed = day.runs.filter(({ state }) => state === "failed").length;
  const spent = day.runs.reduce((sum, { costUsd }) => sum + costUsd, 0);
  return (
    <figure className={styles.picture} aria-label="The day at a glance">
      <figcaption className={styles.sum}>
        {day.runs.length === 0
          ? "Nothing ran on this day."
          : `${day.runs.length}${day.isCut ? "+" : ""} ${day.runs.length === 1 ? "run" : "runs"} · ${failed === 0 ? "none failed" : `${failed} failed`} · ${formatUsdShort(spent)}`}
        {day.ticks.length > 0 && ` · ${day.ticks.reduce((sum, { count }) => sum + count, 0)} ticks without a run`}
      </figcaption>
      {lanes.length > 0 && (
        <div className={styles.lanes}>
          <div
            className={styles.field}
            onClick={(event) => {
              const { left, width } = event.currentTarget.getBoundingClientRect();
              onMoment(from + ((event.clientX - left) / width) * (until - from));
            }}
          >
            {hours.slice(1, -1).map((hour) => (
              <i key={hour} className={styles.hour} style={{ left: `${(hour / 24) * 100}%` }} />
            ))}
            {nowShare > 0 && nowShare < 1 && <i className={styles.now} style={{ left: `${nowShare * 100}%` }} />}
          </div>
          {lanes.map(({ name, rowCount, bars, missed }) => (
            <div key={name} className={styles.lane} style={{ minHeight: rowCount * (barPx + 2) + 6 }}>
              <span title={name}>{name}</span>
              <div>
                {bars.map((bar) => (
                  <Bar key={bar.run.id} bar={bar} />
                ))}
                {missed.map(({ at, outcome, reason }, index) => (
                  <i
                    key={index}
                    className={styles.missed}
                    data-outcome={outcome}
                    title={reason}
                    style={{ left: `${at * 100}%` }}
                  />
                ))}
              </div>
            </div>
          ))}
          <div className={styles.axis} aria-hidden="true">
            {hours.map((hour) => (
              <small key={hour} style={{ left: `${(hour / 24) * 100}%` }}>
                {String(hour).padStart(2, "0")}
              </small>
            ))}
          </div>
        </div>
      )}
    </figure>
  );
}

function Bar({ bar: { run, from, to, row } }: { bar: DayBar }) {
  const formats = useTimeFormats();
  const [, go] = useLocation();
  const startedAt = Date.parse(run.startedAt ?? run.createdAt);
  const took = run.endedAt === null ? "" : `, ${formatMs(Date.parse(run.endedAt) - startedAt)}`;
  return (
    <i
      className={styles.bar}
      data-state={run.state}
      title={`${formats.clock.format(startedAt)} ${run.title}: ${nameState(run.state)}${took}, ${formatUsd(run.costUsd)}`}
      style={{ left: `${from * 100}%`, width: `${Math.max(shareMin, to - from) * 100}%`, top: row * (barPx + 2) + 3 }}
      onClick={(event) => {
        event.stopPropagation();
        go(`/runs/${run.id}`);
      }}
    />
  );
}
