import { fromWallTime } from "./format.ts";
import styles from "./MomentField.module.css";
import { useTimeFormats } from "./time-formats.ts";

export interface MomentFieldProps {
  /** A whole day stands for its noon, since the clock may change on either side. */
  kind: "date" | "datetime-local";
  /** What stands before it, where there is room. */
  title: string;
  label: string;
  /** As the field writes it, in the home's zone. */
  value: string;
  min?: string;
  onMoment: (atMs: number) => void;
  className?: string | undefined;
}

/** At the end of a bar: the moment from which on the view below it shows what there is. */
export function MomentField({ kind, title, label, value, min, onMoment, className = "" }: MomentFieldProps) {
  const formats = useTimeFormats();
  return (
    <label className={`${styles.moment} ${className}`}>
      <span>{title}</span>
      <input
        type={kind}
        aria-label={label}
        min={min}
        value={value}
        onChange={({ target }) => {
          const at = fromWallTime(kind === "date" ? `${target.value}T12:00` : target.value, formats);
          if (!Number.isNaN(at)) onMoment(at);
        }}
      />
    </label>
  );
}
