import { formatCount } from "../parts/format.ts";
import type { ContextPart } from "./compose-context.ts";
import styles from "./ContextBar.module.css";

const shownMax = 7;

/** What filled a prompt: a bar, and its legend with shares. */
export function ContextBar({ parts }: { parts: readonly ContextPart[] }) {
  const whole = parts.reduce((sum, { chars }) => sum + chars, 0);
  if (whole === 0) return <p className={styles.none}>Nothing is recorded of it.</p>;
  const rest = parts.slice(shownMax);
  const restChars = rest.reduce((sum, { chars }) => sum + chars, 0);
  const shown =
    restChars === 0 ? parts : [...parts.slice(0, shownMax), { name: `${rest.length} more`, chars: restChars }];
  return (
    <div>
      <div className={styles.bar} aria-hidden="true">
        {shown.map(({ name, chars }, index) => (
          <i key={name} data-tone={index % 8} style={{ flexGrow: chars }} />
        ))}
      </div>
      <ul className={styles.legend}>
        {shown.map(({ name, chars }, index) => (
          <li key={name}>
            <i data-tone={index % 8} aria-hidden="true" />
            <span>{name}</span>
            <small className="num">
              {Math.max(1, Math.round((100 * chars) / whole))} % · {formatCount(chars)}
            </small>
          </li>
        ))}
      </ul>
      <p className={styles.none}>Shares are by characters.</p>
    </div>
  );
}
