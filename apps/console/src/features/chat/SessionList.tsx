/** Conversations by last use, with a search over their names and over all that was said. */
import { useDeferredValue, useState } from "react";
import { Link } from "wouter";
import { useConsole, useNow } from "../../live/console-context.ts";
import { sessionsAsk } from "../../live/feed-asks.ts";
import { useReading } from "../../live/use-reading.ts";
import { Failure, Skeleton } from "../../parts/Blank.tsx";
import { formatAge } from "../../parts/format.ts";
import { SearchField } from "../../parts/SearchField.tsx";
import styles from "./SessionList.module.css";

export interface SessionListProps {
  current: string | undefined;
  onBegin: (agent?: string) => void;
  onChoose?: () => void;
}

export function SessionList({ current, onBegin, onChoose }: SessionListProps) {
  const { client } = useConsole();
  const [typed, setTyped] = useState("");
  const wanted = useDeferredValue(typed.trim());
  const { value, error, reload } = useReading("chat:sessions", () => client.listSessions(sessionsAsk), {
    isMoved: ({ topic }) => topic === "sessions",
  });
  const shown = (value?.items ?? []).filter(({ key, title }) =>
    `${key} ${title ?? ""}`.toLowerCase().includes(wanted.toLowerCase()),
  );
  return (
    <>
      <SearchField
        className={styles.search}
        label="Search conversations"
        placeholder="Search what was said"
        value={typed}
        onText={setTyped}
      />
      <div className={styles.list}>
        {error !== undefined && <Failure what="The list" error={error} onRetry={reload} />}
        {value === undefined && error === undefined && <Skeleton label="Reading conversations" rows={6} rowPx={46} />}
        <ul>
          {shown.map(({ key, title, agent, lastMessageAt, activeRunId }) => (
            <li key={key}>
              <Link
                href={`/chat/${encodeURIComponent(key)}`}
                className={styles.item}
                aria-current={key === current ? "page" : undefined}
                {...(onChoose === undefined ? {} : { onClick: onChoose })}
              >
                <b>{title ?? key}</b>
                <small>
                  {agent}
                  {lastMessageAt !== null && <Age at={Date.parse(lastMessageAt)} />}
                </small>
                {activeRunId !== null && <i title="answers now" />}
              </Link>
            </li>
          ))}
        </ul>
        {wanted.length >= 3 && <Recalled query={wanted} {...(onChoose === undefined ? {} : { onChoose })} />}
        {value !== undefined && shown.length === 0 && wanted === "" && (
          <p className={styles.none}>
            Nothing was said yet.{" "}
            <button type="button" onClick={() => onBegin()}>
              Begin
            </button>
          </p>
        )}
      </div>
    </>
  );
}

function Age({ at }: { at: number }) {
  const now = useNow();
  return <span>{formatAge(now - at)}</span>;
}

/** What was said about it, in any conversation, file or event. */
function Recalled({ query, onChoose }: { query: string; onChoose?: () => void }) {
  const { client } = useConsole();
  const { value, error, isReading } = useReading(`recall:${query}`, () =>
    client.recall({ query, limit: 12, kinds: ["conversation"] }),
  );
  if (error !== undefined) return <Failure what="What was said" error={error} />;
  return (
    <section aria-label="Said">
      <h2 className={styles.head}>Said</h2>
      <ul aria-busy={isReading}>
        {value?.lines.map((line, index) => (
          <li key={index}>
            <Link
              href={`/chat/${encodeURIComponent(line.document)}`}
              className={styles.hit}
              {...(onChoose === undefined ? {} : { onClick: onChoose })}
            >
              {line.text}
            </Link>
          </li>
        ))}
      </ul>
      {value?.lines.length === 0 && <p className={styles.none}>Nothing tells of “{query}”.</p>}
    </section>
  );
}
