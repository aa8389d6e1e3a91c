import { Link } from "wouter";
import { useFeed } from "../../live/console-context.ts";
import { NeedCard } from "../../parts/NeedCard.tsx";
import styles from "./NeedCards.module.css";

const shownMax = 2;

/** The first of what needs one, to be answered here; the rest under Needs you. */
export function NeedCards() {
  const inbox = useFeed("inbox") ?? [];
  if (inbox.length === 0) return null;
  const shown = inbox.slice(0, shownMax);
  return (
    <section aria-label="Needs you">
      <div className={styles.cards}>
        {shown.map((entry, index) => (
          <NeedCard key={entry.id} entry={entry} hasKeys={index === 0} />
        ))}
      </div>
      {inbox.length > shownMax && (
        <Link href="/needs" className={styles.more}>
          {inbox.length - shownMax} more that need you
        </Link>
      )}
    </section>
  );
}
