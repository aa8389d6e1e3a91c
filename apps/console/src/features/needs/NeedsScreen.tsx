import { useFeed } from "../../live/console-context.ts";
import { Blank, Skeleton } from "../../parts/Blank.tsx";
import { NeedCard } from "../../parts/NeedCard.tsx";
import { ScreenHeader } from "../../parts/ScreenHeader.tsx";
import { Region } from "../../parts/Region.tsx";
import styles from "./NeedsScreen.module.css";

/** The one inbox: what waits longest first, and nothing else on the page. */
export function NeedsScreen() {
  const inbox = useFeed("inbox");
  const sub = inbox === undefined ? "" : inbox.length === 0 ? "all answered" : `${inbox.length} open`;
  return (
    <>
      <ScreenHeader title="Needs you" sub={sub} />
      <Region label="Inbox" className={styles.list}>
        {inbox === undefined && <Skeleton label="Reading the inbox" rows={4} rowPx={96} />}
        {inbox?.length === 0 && (
          <Blank icon="inbox" title="Nothing needs you">
            Questions, calls to approve, effects of unknown outcome and failures come here.
          </Blank>
        )}
        {inbox !== undefined && inbox.length > 0 && (
          <ul>
            {inbox.map((entry, index) => (
              <li key={entry.id}>
                <NeedCard entry={entry} isFirst={index === 0} isOpen />
              </li>
            ))}
          </ul>
        )}
      </Region>
    </>
  );
}
