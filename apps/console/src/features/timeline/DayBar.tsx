/** Which day is looked at, and that day as a picture; folded away, it stays so on this device until it is opened. */
import { useRef, useState } from "react";
import { useConsole, useNow } from "../../live/console-context.ts";
import { useReading } from "../../live/use-reading.ts";
import { toWallTime } from "../../parts/format.ts";
import { Unread } from "../../parts/Blank.tsx";
import { IconButton } from "../../parts/IconButton.tsx";
import { MomentField } from "../../parts/MomentField.tsx";
import { useTimeFormats } from "../../parts/time-formats.ts";
import { DayPicture } from "./DayPicture.tsx";
import styles from "./DayBar.module.css";

export interface DayBarProps {
  /** The moment that the list begins at, in ISO 8601; undefined: now. */
  at: string | undefined;
  onMoment: (atMs: number) => void;
}

const dayMs = 86_400_000;
const minuteMs = 60_000;

export function DayBar({ at, onMoment }: DayBarProps) {
  const { client } = useConsole();
  const formats = useTimeFormats();
  const minute = Math.floor(useNow() / minuteMs) * minuteMs;
  const [isOpen, setOpen] = useState(true);
  const moment = at === undefined ? minute : Date.parse(at) - 1;
  const day = formats.isoDay.format(moment);
  const { value, error, reload } = useReading(`day:${day}`, () => client.getDay({ day }), {
    isMoved: ({ topic, type }) => topic === "jobs" || type.startsWith("run."),
  });
  // The day before stands until the next one is there: what is below does not jump.
  const last = useRef(value);
  if (value !== undefined || error !== undefined) last.current = value;
  const shift = (days: number) => {
    // From the middle of the day: the clock may change on either side.
    if (value === undefined) return;
    const noon = Date.parse(value.from) + dayMs / 2 + days * dayMs;
    onMoment(Math.min(minute + minuteMs, noon + dayMs / 2));
  };
  const isToday = day === formats.isoDay.format(minute);
  return (
    <section aria-label="Day">
      <div className={styles.bar}>
        <IconButton icon="chevron-left" label="The day before" onClick={() => shift(-1)} />
        <b>
          {isToday ? "Today, " : ""}
          {formats.weekday.format(moment)} {formats.dayMonth.format(moment)}
        </b>
        <IconButton icon="chevron-right" label="The next day" disabled={isToday} onClick={() => shift(1)} />
        <MomentField
          kind="datetime-local"
          title="Jump to"
          label="Jump to a moment"
          value={at === undefined ? "" : toWallTime(moment + 1, formats)}
          onMoment={onMoment}
          className={styles.jump}
        />
        <IconButton
          icon={isOpen ? "chevron-down" : "chevron-right"}
          label={isOpen ? "Fold the picture" : "Show the picture"}
          aria-expanded={isOpen}
          onClick={() => setOpen(!isOpen)}
        />
      </div>
      {isOpen &&
        (last.current === undefined ? (
          <Unread label="Reading the day" rows={3} rowPx={40} what="The day" error={error} onRetry={reload} />
        ) : (
          <DayPicture day={last.current} onMoment={onMoment} />
        ))}
    </section>
  );
}
