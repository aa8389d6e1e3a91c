import { formatCount } from "./format.ts";
import styles from "./FreshButton.module.css";

/** What came since a list was read: it comes into the list when it is asked for. */
export function FreshButton({ count, onPress }: { count: number; onPress: () => void }) {
  if (count === 0) return null;
  return (
    <button type="button" className={styles.fresh} onClick={onPress}>
      {formatCount(count)} new
    </button>
  );
}
