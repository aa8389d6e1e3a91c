/** All people the owner knows: whom to call, possible duplicates, and a field for quick notes. */
import { useNow } from "@roost/console/live/console-context";
import { usePages } from "@roost/console/live/use-pages";
import { useReading } from "@roost/console/live/use-reading";
import { Blank } from "@roost/console/parts/Blank";
import { Button } from "@roost/console/parts/Button";
import { FilterChips } from "@roost/console/parts/FilterChips";
import { formatAge } from "@roost/console/parts/format";
import { PagedList } from "@roost/console/parts/PagedList";
import { ScreenHeader } from "@roost/console/parts/ScreenHeader";
import { SearchField } from "@roost/console/parts/SearchField";
import { useDeferredValue, useState } from "react";
import { useLocation, useSearchParams } from "wouter";
import type { PersonRecord } from "../contract/records.ts";
import { CaptureSheet } from "./CaptureSheet.tsx";
import { Initials } from "./Initials.tsx";
import { OpenQuestions, type OpenList } from "./OpenQuestions.tsx";
import { useToday } from "./use-today.ts";
import { usePeeps } from "./use-peeps.ts";
import styles from "./PeopleScreen.module.css";

const shown = [
  { id: "all", name: "All" },
  { id: "overdue", name: "To call" },
  { id: "messages", name: "From messages" },
] as const;

const rowPx = { desktop: 44, phone: 62 };
const pageSize = 200;
const dayMs = 86_400_000;

export function PeopleScreen() {
  const peeps = usePeeps();
  const [, go] = useLocation();
  const [search, setSearch] = useSearchParams();
  const [typed, setTyped] = useState("");
  const [open, setOpen] = useState<OpenList>();
  const [isCapturing, setCapturing] = useState(search.has("capture"));
  const chosen = search.get("show") ?? "all";
  const name = useDeferredValue(typed.trim());
  const filter = {
    name: name === "" ? undefined : name,
    isOverdue: chosen === "overdue" ? true : undefined,
    isListed: chosen === "messages" ? false : undefined,
  };
  const pages = usePages<PersonRecord>(`people:${JSON.stringify(filter)}`, (after) =>
    peeps.listPeople({ ...filter, limit: pageSize, after }),
  );
  const { rows, isWhole, reload } = pages;
  return (
    <>
      <ScreenHeader title="People" sub={rows === undefined ? "" : `${rows.length}${isWhole ? "" : "+"}`}>
        <Button icon="user-plus" size="small" look="main" onClick={() => setCapturing(true)}>
          Write down
        </Button>
      </ScreenHeader>
      <div className={styles.screen}>
        <div className={styles.bar}>
          <SearchField
            className={styles.search}
            label="Search people"
            placeholder="Search by name"
            value={typed}
            onText={setTyped}
          />
          <FilterChips
            label="Who"
            items={shown}
            chosen={chosen}
            onChoose={(id) => setSearch(id === "all" ? {} : { show: id })}
          />
          <Waiting onOpen={setOpen} />
        </div>
        <PagedList
          pages={pages}
          label="People"
          reading="Reading people"
          what="People"
          rowPx={rowPx}
          onOpen={({ id }) => go(`/people/${id}`)}
          blank={<NoPeople chosen={chosen} name={name} />}
        >
          {(person) => <PersonRow person={person} />}
        </PagedList>
      </div>
      {isCapturing && (
        <CaptureSheet
          onClose={() => setCapturing(false)}
          onKept={(personId) => {
            reload();
            go(`/people/${personId}`);
          }}
        />
      )}
      {open !== undefined && <OpenQuestions list={open} onClose={() => setOpen(undefined)} onChange={reload} />}
    </>
  );
}

function PersonRow({ person }: { person: PersonRecord }) {
  const now = useNow();
  const { name, organization, title, tags, lastContactAt, keepInTouchDays } = person;
  const sinceMs = lastContactAt === null ? undefined : now - Date.parse(lastContactAt);
  const isOverdue = keepInTouchDays !== null && (sinceMs === undefined || sinceMs > keepInTouchDays * dayMs);
  return (
    <div className={styles.row}>
      <span role="gridcell" className={styles.face}>
        <Initials name={name} />
      </span>
      <span role="gridcell" className={styles.name}>
        {name}
      </span>
      <span role="gridcell" className={styles.what}>
        {[title, organization].filter((text) => text !== null).join(", ")}
      </span>
      <span role="gridcell" className={styles.tags}>
        {tags.slice(0, 3).map((tag) => (
          <i key={tag}>{tag}</i>
        ))}
      </span>
      <span role="gridcell" className={styles.last} data-overdue={isOverdue || undefined}>
        {sinceMs === undefined ? (isOverdue ? "to call" : "") : `${formatAge(sinceMs)}${isOverdue ? ", to call" : ""}`}
      </span>
    </div>
  );
}

function NoPeople({ chosen, name }: { chosen: string; name: string }) {
  if (name !== "") return <Blank icon="search" title={`There is no “${name}”`} />;
  if (chosen === "overdue")
    return (
      <Blank icon="check" title="Nobody has to be called">
        Say on a person, or for a tag, how often you want to speak.
      </Blank>
    );
  if (chosen === "messages") return <Blank icon="mail" title="No messages of people who are not listed" />;
  return (
    <Blank icon="users" title="Nobody is here yet">
      Write a person down, or import contacts: roost peeps import.
    </Blank>
  );
}

/** What peeps asks: each a button with its count. */
function Waiting({ onOpen }: { onOpen: (list: OpenList) => void }) {
  const peeps = usePeeps();
  const today = useToday();
  const { value } = useReading(
    "people:waiting",
    async () => {
      const [pairs, facts, reminders] = await Promise.all([
        peeps.listSuggestions({ limit: 100 }),
        peeps.listFacts({ limit: 100 }),
        peeps.listReminders({ limit: 100, until: today }),
      ]);
      return { pairs: pairs.items.length, facts: facts.items.length, reminders: reminders.items.length };
    },
    { isMoved: ({ topic }) => topic === "peeps" },
  );
  if (value === undefined) return null;
  const all = [
    { list: "pairs", count: value.pairs, text: value.pairs === 1 ? "pair may be one" : "pairs may be one" },
    { list: "facts", count: value.facts, text: "to confirm" },
    { list: "reminders", count: value.reminders, text: "due" },
  ] as const;
  return all
    .filter(({ count }) => count > 0)
    .map(({ list, count, text }) => (
      <button key={list} type="button" className={styles.waiting} onClick={() => onOpen(list)}>
        <b className="num">{count === 100 ? "100+" : count}</b> {text}
      </button>
    ));
}
