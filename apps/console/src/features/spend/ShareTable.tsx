import type { SpendRecord } from "@roost/contract/operations";
import { formatCount, formatUsd } from "../../parts/format.ts";
import styles from "./ShareTable.module.css";

export interface ShareTableProps {
  title: string;
  items: readonly SpendRecord[];
  /** What stands where a row has no name. */
  none: string;
  whole: number;
}

const shownMax = 12;

/** Who spent how much of the whole, as bars behind the names. */
export function ShareTable({ title, items, none, whole }: ShareTableProps) {
  return (
    <section aria-label={title}>
      <h2 className="part-title">{title}</h2>
      {items.length === 0 && <p className={styles.none}>Nothing was spent.</p>}
      <ul>
        {items.slice(0, shownMax).map(({ key, costUsd, callCount }) => (
          <li key={key ?? ""} className={styles.row}>
            <i aria-hidden="true" style={{ width: `${whole === 0 ? 0 : (costUsd / whole) * 100}%` }} />
            <span>{key ?? none}</span>
            <small className="num">{callCount === 1 ? "1 call" : `${formatCount(callCount)} calls`}</small>
            <b className="num">{formatUsd(costUsd)}</b>
          </li>
        ))}
      </ul>
    </section>
  );
}
