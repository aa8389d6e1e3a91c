/** One list of Settings: its title with what can be done, what a press opens below it, its rows, and what stands where there are none. */
import { useState, type ReactNode } from "react";
import type { Read } from "../../live/use-reading.ts";
import { Unread } from "../../parts/Blank.tsx";
import { Button } from "../../parts/Button.tsx";
import styles from "./SettingsScreen.module.css";

interface Opening {
  /** On its button. */
  name: string;
  panel: (close: () => void) => ReactNode;
}

interface SettingsListProps<Row> {
  title: string;
  /** In words: "keys". */
  what: string;
  reading: Read<{ items: readonly Row[] }>;
  /** Buttons beside the title that open something below it, one at a time. */
  opens?: readonly Opening[];
  /** Other buttons beside the title. */
  acts?: ReactNode;
  /** How many rows are likely. */
  rowCount?: number;
  /** Said where there is none. */
  none?: ReactNode;
  /** After the rows. */
  below?: ReactNode;
  children: (row: Row) => ReactNode;
}

export function SettingsList<Row>(props: SettingsListProps<Row>) {
  const { title, what, reading, opens = [], acts, rowCount = 1, none, below, children } = props;
  const [opened, setOpened] = useState<string>();
  const items = reading.value?.items;
  const opening = opens.find(({ name }) => name === opened);
  const close = () => setOpened(undefined);
  return (
    <section>
      <h2 className={styles.head}>
        {title}
        {(acts !== undefined || opens.length > 0) && (
          <span className={styles.acts}>
            {acts}
            {opens.map(({ name }) => (
              <Button
                key={name}
                size="small"
                icon="plus"
                aria-expanded={name === opened}
                onClick={() => setOpened(name === opened ? undefined : name)}
              >
                {name}
              </Button>
            ))}
          </span>
        )}
      </h2>
      {opening !== undefined && (
        <div key={opening.name} className={styles.panel}>
          {opening.panel(close)}
        </div>
      )}
      {items === undefined && (
        <Unread
          label={`Reading the ${what}`}
          rows={rowCount}
          what={`The ${what}`}
          error={reading.error}
          onRetry={reading.reload}
        />
      )}
      <ul className={styles.rows}>{items?.map(children)}</ul>
      {items?.length === 0 && none !== undefined && <p className={styles.note}>{none}</p>}
      {below}
    </section>
  );
}
