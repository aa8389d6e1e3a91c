import { Link } from "wouter";
import { useFeed } from "../../live/console-context.ts";
import { NeedCard } from "../../parts/NeedCard.tsx";
import styles from "./NeedCards.module.css";

const shownMax = 2;

/** The first of what needs one, to be answered here; the rest under Needs you. */
export function NeedCards() {
  const questions = useFeed("questions") ?? [];
  if (questions.length === 0) return null;
  const shown = questions.toReversed().slice(0, shownMax);
  return (
    <section aria-label="Needs you">
      <div className={styles.cards}>
        {shown.map((question, index) => (
          <NeedCard key={question.id} question={question} isFirst={index === 0} />
        ))}
      </div>
      {questions.length > shownMax && (
        <Link href="/needs" className={styles.more}>
          {questions.length - shownMax} more that need you
        </Link>
      )}
    </section>
  );
}
