/** The log as people read it: a day as a picture, what happened with the latest first, and the way from any event to its causes and effects. */
import { useEffect, useMemo, useState } from "react";
import { useSearchParams } from "wouter";
import { useConsole, useNow } from "../../live/console-context.ts";
import { usePages } from "../../live/use-pages.ts";
import { Blank } from "../../parts/Blank.tsx";
import { Button } from "../../parts/Button.tsx";
import { FilterChips } from "../../parts/FilterChips.tsx";
import { formatMoment } from "../../parts/format.ts";
import { FreshButton } from "../../parts/FreshButton.tsx";
import { Icon } from "../../parts/Icon.tsx";
import { PagedList } from "../../parts/PagedList.tsx";
import { ScreenHeader } from "../../parts/ScreenHeader.tsx";
import { useTimeFormats } from "../../parts/time-formats.ts";
import { DayBar } from "./DayBar.tsx";
import { EventSheet } from "./EventSheet.tsx";
import { iconOf, quietTypes, toEventRow, troubleTypes, type EventRow } from "./to-event-row.ts";
import { TimelineFilter } from "./TimelineFilter.tsx";
import styles from "./TimelineScreen.module.css";

const shown = [
  { id: "told", name: "What matters" },
  { id: "trouble", name: "Trouble" },
  { id: "all", name: "Everything" },
] as const;

const rowPx = { desktop: 30, phone: 56 };
const pageSize = 500;
const aheadRows = 200;

export function TimelineScreen() {
  const { client } = useConsole();
  const [search, setSearch] = useSearchParams();
  const [opened, setOpened] = useState<EventRow>();
  const chosen = search.get("show") ?? "told";
  const at = search.get("at") ?? undefined;
  const filter = useMemo(() => readFilter(search), [search]);
  const key = `${chosen}:${JSON.stringify(filter)}:${at ?? ""}`;
  const pages = usePages<EventRow>(key, async (after) => {
    const kinds =
      chosen === "all" ? {} : chosen === "trouble" ? { types: [...troubleTypes] } : { without: [...quietTypes] };
    const place = after === undefined ? (at === undefined ? {} : { until: at }) : { after };
    const page = await client.listEvents({ ...filter, ...kinds, ...place, limit: pageSize });
    return { items: page.items.map(toEventRow), next: page.next };
  });
  const freshCount = useFreshCount(key, filter, chosen);
  const change = (changes: Readonly<Record<string, string | undefined>>) =>
    setSearch((before) => {
      const next = new URLSearchParams(before);
      for (const [name, value] of Object.entries(changes)) {
        if (value === undefined || value === "") next.delete(name);
        else next.set(name, value);
      }
      return next;
    });
  return (
    <>
      <ScreenHeader title="Timeline">
        {at !== undefined && (
          <Button size="small" look="quiet" onClick={() => change({ at: undefined })}>
            To now
          </Button>
        )}
        <FreshButton count={at === undefined ? freshCount : 0} onPress={pages.reload} />
      </ScreenHeader>
      <div className={styles.screen}>
        <DayBar at={at} onMoment={(ms) => change({ at: new Date(ms).toISOString() })} />
        <TimelineFilter search={search} onChange={change}>
          <FilterChips
            label="What"
            items={shown}
            chosen={chosen}
            onChoose={(id) => change({ show: id === "told" ? undefined : id })}
          />
        </TimelineFilter>
        <PagedList
          pages={pages}
          label="Events"
          reading="Reading the log"
          what="The log"
          rowPx={rowPx}
          aheadRows={aheadRows}
          onOpen={setOpened}
          blank={
            <Blank icon="history" title="Nothing like that happened">
              {at === undefined ? "Another filter may find it." : "Nothing of it happened before this moment."}
            </Blank>
          }
        >
          {(row) => <Row row={row} />}
        </PagedList>
      </div>
      {opened !== undefined && <EventSheet row={opened} onClose={() => setOpened(undefined)} />}
    </>
  );
}

function readFilter(search: URLSearchParams) {
  const [topic, jobId, agent, sessionKey, label] = ["topic", "job", "agent", "session", "label"].map(
    (name) => search.get(name) ?? undefined,
  );
  return {
    topics: topic === undefined ? undefined : [topic],
    jobId,
    agent,
    sessionKey,
    label,
  };
}

/** Events since the list was read that may fit: a row never moves under one's hand. */
function useFreshCount(key: string, { topics, label }: ReturnType<typeof readFilter>, chosen: string): number {
  const { live } = useConsole();
  const [fresh, setFresh] = useState({ key, count: 0 });
  useEffect(() => {
    setFresh({ key, count: 0 });
    return live.onEvent(({ topic, type, labels }) => {
      const fits =
        (topics === undefined || topics.includes(topic)) &&
        (label === undefined || labels.includes(label)) &&
        (chosen === "all" || (chosen === "trouble" ? troubleTypes.includes(type) : !quietTypes.includes(type)));
      if (fits) setFresh((before) => ({ key, count: before.count + 1 }));
    });
  }, [live, key, topics, label, chosen]);
  return fresh.key === key ? fresh.count : 0;
}

function Row({ row }: { row: EventRow }) {
  const formats = useTimeFormats();
  const now = useNow();
  return (
    <div className={styles.row} data-tone={row.tone}>
      <span role="gridcell" className={styles.time}>
        {formatMoment(row.at, now, formats)}
        <small>:{String(new Date(row.at).getSeconds()).padStart(2, "0")}</small>
      </span>
      <span role="gridcell" className={styles.icon}>
        <Icon name={iconOf(row.type)} size={14} />
      </span>
      <span role="gridcell" className={styles.title}>
        {row.title}
      </span>
      <span role="gridcell" className={styles.text}>
        {row.text}
      </span>
      <span role="gridcell" className={styles.of}>
        {row.isUntrusted && (
          <em className="outside" title="It rests on content from outside">
            outside
          </em>
        )}{" "}
        {row.of}
      </span>
    </div>
  );
}
