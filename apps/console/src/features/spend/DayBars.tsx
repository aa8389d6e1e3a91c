import type { SpendRecord } from "@roost/contract/operations";
import { formatUsd, formatUsdShort } from "../../parts/format.ts";
import styles from "./DayBars.module.css";

/** Money by day, today at the right; the line is the day's cap where it is within reach. */
export function DayBars({ items, days, cap }: { items: readonly SpendRecord[]; days: number; cap: number | null }) {
  const shown = items.slice(0, days).toReversed();
  const most = Math.max(0.000_001, ...shown.map(({ costUsd }) => costUsd));
  const isCapNear = cap !== null && cap < most * 3;
  const top = isCapNear ? Math.max(most, cap) : most;
  return (
    <figure className={styles.figure}>
      <figcaption>
        By day <span>most: {formatUsd(most < 0.000_01 ? 0 : most)}</span>
        {cap !== null && <span>cap: {formatUsdShort(cap)} a day</span>}
      </figcaption>
      <div className={styles.bars} role="img" aria-label={`Spent by day, at most ${formatUsd(most)}`}>
        {Array.from({ length: Math.max(0, days - shown.length) }, (_, index) => (
          <i key={`before:${index}`} data-empty />
        ))}
        {shown.map(({ key, costUsd }, index) => (
          <i
            key={key}
            title={`${key ?? ""}: ${formatUsd(costUsd)}`}
            data-today={index === shown.length - 1 || undefined}
            data-empty={costUsd === 0 || undefined}
            style={{ height: `${Math.max(2, (costUsd / top) * 100)}%` }}
          />
        ))}
        {isCapNear && <b style={{ bottom: `${(cap / top) * 100}%` }} aria-hidden="true" />}
      </div>
    </figure>
  );
}
