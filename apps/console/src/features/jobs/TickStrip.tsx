import type { TickRecord } from "@roost/contract/operations";
import { formatMs } from "../../parts/format.ts";
import { useTimeFormats } from "../../parts/time-formats.ts";
import styles from "./TickStrip.module.css";

const shownMax = 20;

/** The last ticks, oldest first: fired is full and as high as it was punctual, skipped is hollow, missed is a gap that wants attention. */
export function TickStrip({ ticks }: { ticks: readonly TickRecord[] }) {
  const formats = useTimeFormats();
  const shown = ticks.slice(0, shownMax).toReversed();
  const fired = shown.filter(({ outcome }) => outcome === "fired").length;
  return (
    <span className={styles.strip} role="img" aria-label={`${fired} of the last ${shown.length} ticks ran`}>
      {shown.map((tick) => (
        <i
          key={tick.tickKey}
          data-outcome={tick.outcome}
          data-late={tick.lateMs > lateMsMax || undefined}
          title={`${formats.full.format(Date.parse(tick.scheduledAt))}: ${tick.outcome}${tick.reason === null ? "" : `, ${tick.reason}`}${tick.lateMs > 1_000 ? `, ${formatMs(tick.lateMs)} late` : ""}`}
        />
      ))}
    </span>
  );
}

const lateMsMax = 60_000;
