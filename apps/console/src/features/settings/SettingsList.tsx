/** One list of Settings: its title with what can be done, what a press opens below it, its rows, and what stands where there are none. */
import type { ReactNode } from "react";
import { Unread } from "../../parts/Blank.tsx";
import styles from "./SettingsScreen.module.css";

interface SettingsListProps<Row> {
  title: string;
  /** In words: "keys". */
  what: string;
  /** As it was read; undefined: it is being read, or could not be. */
  items: readonly Row[] | undefined;
  error: Error | undefined;
  onRetry: () => void;
  /** Buttons beside the title. */
  acts?: ReactNode;
  /** What one of them opened. */
  panel?: ReactNode;
  /** How many rows are likely. */
  rowCount?: number;
  /** Said where there is none. */
  none?: ReactNode;
  /** After the rows. */
  below?: ReactNode;
  children: (row: Row) => ReactNode;
}

export function SettingsList<Row>(props: SettingsListProps<Row>) {
  const { title, what, items, error, onRetry, acts, panel, rowCount = 1, none, below, children } = props;
  return (
    <section>
      <h2 className={styles.head}>
        {title}
        {acts !== undefined && <span className={styles.acts}>{acts}</span>}
      </h2>
      {panel !== undefined && <div className={styles.panel}>{panel}</div>}
      {items === undefined && (
        <Unread label={`Reading the ${what}`} rows={rowCount} what={`The ${what}`} error={error} onRetry={onRetry} />
      )}
      <ul className={styles.rows}>{items?.map(children)}</ul>
      {items?.length === 0 && none !== undefined && <p className={styles.note}>{none}</p>}
      {below}
    </section>
  );
}
