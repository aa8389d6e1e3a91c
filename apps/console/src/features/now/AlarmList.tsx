import { useFeed } from "../../live/console-context.ts";
import { Icon } from "../../parts/Icon.tsx";
import styles from "./AlarmList.module.css";

const openMax = 2;

/** What is wrong with the house itself; beyond two they fold. */
export function AlarmList() {
  const alarms = useFeed("status")?.alarms ?? [];
  if (alarms.length === 0) return null;
  const rest = alarms.slice(openMax);
  return (
    <section aria-label="Alarms" className={`callout ${styles.alarms}`} data-tone="bad">
      <ul>
        {alarms.slice(0, openMax).map((alarm) => (
          <Line key={alarm.code + alarm.text} text={alarm.text} />
        ))}
      </ul>
      {rest.length > 0 && (
        <details>
          <summary>{rest.length} more</summary>
          <ul>
            {rest.map((alarm) => (
              <Line key={alarm.code + alarm.text} text={alarm.text} />
            ))}
          </ul>
        </details>
      )}
    </section>
  );
}

function Line({ text }: { text: string }) {
  return (
    <li>
      <Icon name="triangle-alert" size={14} />
      <span>{text}</span>
    </li>
  );
}
