/** What a session was shown with its latest turn: what filled the prompt, and every section word for word. */
import { useState } from "react";
import { Link } from "wouter";
import { useConsole, useNow } from "../../live/console-context.ts";
import { sessionsAsk } from "../../live/feed-asks.ts";
import { useReading } from "../../live/use-reading.ts";
import { Blank, Unread } from "../../parts/Blank.tsx";
import { composeContext, listSections } from "../../pieces/compose-context.ts";
import { ContextBar } from "../../pieces/ContextBar.tsx";
import { ChoiceField } from "../../parts/Form.tsx";
import { formatAgo, formatCount } from "../../parts/format.ts";
import { Region } from "../../parts/Region.tsx";
import styles from "./ShownView.module.css";

export function ShownView() {
  const { client } = useConsole();
  const [chosen, setChosen] = useState("main");
  const { value } = useReading("chat:sessions", () => client.listSessions(sessionsAsk));
  const sessions = value?.items.map(({ key, title }) => ({
    id: key,
    name: title === null ? key : `${title} (${key})`,
  }));
  return (
    <Region label="What a session was shown" className={styles.shown}>
      <div className={styles.choose}>
        <ChoiceField
          label="Session"
          value={chosen}
          items={sessions ?? [{ id: "main", name: "main" }]}
          onChoose={setChosen}
        />
      </div>
      <Shown sessionKey={chosen} />
    </Region>
  );
}

function Shown({ sessionKey }: { sessionKey: string }) {
  const { client } = useConsole();
  const now = useNow();
  const { value, error, reload } = useReading(`shown:${sessionKey}`, async () => {
    const [latest] = (await client.listRuns({ sessionKey, limit: 1 })).items;
    return latest === undefined ? null : client.getRun({ runId: latest.id, limit: 50 });
  });
  if (value === undefined)
    return <Unread label="Reading what was shown" rows={8} what="What was shown" error={error} onRetry={reload} />;
  if (value === null) return <Blank icon="eye" title="This session was shown nothing yet" />;
  return (
    <>
      <p className={styles.when}>
        With its latest turn, {formatAgo(now - Date.parse(value.run.createdAt))}.{" "}
        <Link href={`/runs/${value.run.id}`}>See the run</Link>
      </p>
      <ContextBar parts={composeContext(value.steps.items)} />
      {listSections(value.steps.items).map(({ name, text }, index) => (
        <details key={index} className={styles.section}>
          <summary>
            <b>{name}</b> <small className="num">{formatCount(text.length)} characters</small>
          </summary>
          <pre className="verbatim" tabIndex={0}>
            {text}
          </pre>
        </details>
      ))}
    </>
  );
}
