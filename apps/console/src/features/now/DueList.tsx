import type { ActivityRecord } from "@roost/contract/operations";
import { Link } from "wouter";
import { useFeed, useNow } from "../../live/console-context.ts";
import { formatMoment } from "../../parts/format.ts";
import { tellWhen } from "../../parts/tell-cron.ts";
import { useTimeFormats } from "../../parts/time-formats.ts";
import styles from "./DueList.module.css";

const shownMax = 8;

export function DueList({ rows }: { rows: readonly ActivityRecord[] }) {
  const formats = useTimeFormats();
  const now = useNow();
  const isRead = useFeed("rows") !== undefined;
  return (
    <section aria-label="Due next">
      <h2 className="part-title">Due next</h2>
      {isRead && rows.length === 0 && <p className={styles.none}>No job is due.</p>}
      <ul className={styles.list}>
        {rows.slice(0, shownMax).map(({ id, title, why, dueAt }) => (
          <li key={id}>
            <Link href={`/jobs/${id}`}>
              <span className="num">{dueAt === null ? "" : formatMoment(Date.parse(dueAt), now, formats)}</span>
              <b>{title}</b>
              <small>{tellWhen(why)}</small>
            </Link>
          </li>
        ))}
      </ul>
    </section>
  );
}
