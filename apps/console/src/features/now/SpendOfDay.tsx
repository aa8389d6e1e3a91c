import { useFeed, useNow } from "../../live/console-context.ts";
import { formatCount, formatUsd, formatUsdShort } from "../../parts/format.ts";
import styles from "./SpendOfDay.module.css";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

export function SpendOfDay() {
  const spend = useFeed("status")?.spend;
  const now = useNow();
  if (spend === undefined) return <section aria-label="Spent today" className={styles.empty} />;
  const { usd, usdMax, tokens, since } = spend;
  const goneMs = Math.max(hourMs / 4, now - Date.parse(since));
  const expected = usd * (dayMs / Math.min(dayMs, goneMs));
  const used = usdMax === null || usdMax === 0 ? 0 : Math.min(1, usd / usdMax);
  return (
    <section aria-label="Spent today">
      <h2 className={`${styles.head} part-title`}>Spent today</h2>
      <p className={styles.sum}>
        <b className="num">{formatUsd(usd)}</b>
        <span>{usdMax === null ? "no cap" : `of ${formatUsdShort(usdMax)}`}</span>
      </p>
      {usdMax !== null && (
        <div className={styles.bar} data-state={used > 0.9 ? "wait" : "well"} aria-hidden="true">
          <i style={{ width: `${used * 100}%` }} />
        </div>
      )}
      <p className={styles.note}>
        {formatCount(tokens)} tokens
        {usd > 0 &&
          ` · at this pace ${formatUsdShort(usdMax === null ? expected : Math.min(expected, usdMax))} by midnight`}
      </p>
    </section>
  );
}
