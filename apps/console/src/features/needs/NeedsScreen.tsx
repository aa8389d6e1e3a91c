/** The one inbox: what waits longest first, and nothing else on the page. Answered one after another by keys; N passes one by. */
import { useEffect, useRef, useState } from "react";
import { useFeed } from "../../live/console-context.ts";
import { Blank, Skeleton } from "../../parts/Blank.tsx";
import { NeedCard } from "../../parts/NeedCard.tsx";
import { ScreenHeader } from "../../parts/ScreenHeader.tsx";
import { Region } from "../../parts/Region.tsx";
import { useKeys } from "../../parts/use-keys.ts";
import styles from "./NeedsScreen.module.css";

export function NeedsScreen() {
  const inbox = useFeed("inbox");
  const { list, turn } = useTurn(inbox?.map((entry) => entry.id) ?? []);
  const sub = inbox === undefined ? "" : inbox.length === 0 ? "all answered" : `${inbox.length} open`;
  return (
    <>
      <ScreenHeader title="Needs you" sub={sub} />
      <Region label="Inbox" className={styles.list}>
        {inbox === undefined && <Skeleton label="Reading the inbox" rows={4} rowPx={96} />}
        {inbox?.length === 0 && (
          <Blank icon="inbox" title="Nothing needs you">
            Questions, calls to approve, effects of unknown outcome, failures and claimed facts come here.
          </Blank>
        )}
        {inbox !== undefined && inbox.length > 0 && (
          <ul ref={list}>
            {inbox.map((entry, index) => (
              <li key={entry.id}>
                <NeedCard entry={entry} hasKeys={index === turn} isOpen />
              </li>
            ))}
          </ul>
        )}
      </Region>
    </>
  );
}

/** Which entry the keys answer: the first, until it is passed by. It stays that entry when others above it are answered elsewhere. */
function useTurn(ids: readonly string[]) {
  const list = useRef<HTMLUListElement>(null);
  const [chosen, setChosen] = useState({ id: ids[0], index: 0, isPassed: false });
  const found = chosen.id === undefined ? -1 : ids.indexOf(chosen.id);
  const turn = found >= 0 ? found : Math.min(chosen.index, Math.max(0, ids.length - 1));
  const id = ids[turn];
  useEffect(() => {
    setChosen((before) => (before.id === id && before.index === turn ? before : { ...before, id, index: turn }));
  }, [id, turn]);
  useKeys(ids.length > 1, (key) => {
    if (key !== "n") return;
    const index = (turn + 1) % ids.length;
    setChosen({ id: ids[index], index, isPassed: true });
  });
  useEffect(() => {
    if (chosen.isPassed) list.current?.children[turn]?.scrollIntoView({ block: "nearest" });
  }, [chosen.isPassed, turn]);
  return { list, turn };
}
