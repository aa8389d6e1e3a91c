import { Icon } from "./Icon.tsx";
import styles from "./SearchField.module.css";

export interface SearchFieldProps {
  /** What is searched: "Search people". */
  label: string;
  /** What one types, where the label does not say it. */
  placeholder?: string;
  value: string;
  onText: (text: string) => void;
  className?: string | undefined;
}

/** A field that narrows the list below it. */
export function SearchField({ label, placeholder = label, value, onText, className = "" }: SearchFieldProps) {
  return (
    <label className={`${styles.search} ${className}`}>
      <Icon name="search" size={14} />
      <input
        type="search"
        value={value}
        aria-label={label}
        placeholder={placeholder}
        onChange={(event) => onText(event.target.value)}
      />
    </label>
  );
}
