import styles from "./FilterChips.module.css";

export interface FilterChipsProps {
  label: string;
  items: readonly { id: string; name: string }[];
  chosen: string;
  onChoose: (id: string) => void;
}

/** One of a few, as buttons in a row. */
export function FilterChips({ label, items, chosen, onChoose }: FilterChipsProps) {
  return (
    <div role="group" aria-label={label} className={styles.chips}>
      {items.map(({ id, name }) => (
        <button key={id} type="button" aria-pressed={id === chosen} onClick={() => onChoose(id)}>
          {name}
        </button>
      ))}
    </div>
  );
}
