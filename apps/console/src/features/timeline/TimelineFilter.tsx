/** What the list of the timeline is narrowed to: a topic, a job, an agent, a label; the address keeps it. Reads no events. */
import type { ReactNode } from "react";
import { useConsole } from "../../live/console-context.ts";
import { useReading } from "../../live/use-reading.ts";
import styles from "./TimelineFilter.module.css";

export interface TimelineFilterProps {
  search: URLSearchParams;
  onChange: (changes: Readonly<Record<string, string | undefined>>) => void;
  /** Further choices, before the others. */
  children: ReactNode;
}

const labels = ["trust:untrusted", "trust:agent", "trust:owner", "aud:main"];

export function TimelineFilter({ search, onChange, children }: TimelineFilterProps) {
  const { client } = useConsole();
  const { value } = useReading("timeline:names", async () => {
    const [topics, jobs, agents] = await Promise.all([
      client.listTopics({ limit: 200 }),
      client.listJobs({ limit: 200 }),
      client.listAgents({ limit: 200 }),
    ]);
    return {
      topic: topics.items.map(({ name }) => name),
      job: jobs.items.map(({ id }) => id),
      agent: agents.items.map(({ id }) => id),
    };
  });
  const choices = [
    { name: "topic", says: "Any topic", items: value?.topic ?? [] },
    { name: "job", says: "Any job", items: value?.job ?? [] },
    { name: "agent", says: "Any agent", items: value?.agent ?? [] },
    { name: "label", says: "Any label", items: labels },
  ];
  const session = search.get("session");
  return (
    <div className={styles.filter} role="group" aria-label="Only what is of">
      {children}
      {choices.map(({ name, says, items }) => {
        const chosen = search.get(name) ?? "";
        const all = chosen === "" || items.includes(chosen) ? items : [chosen, ...items];
        return (
          <select
            key={name}
            aria-label={name}
            value={chosen}
            data-chosen={chosen !== "" || undefined}
            onChange={(event) => onChange({ [name]: event.target.value })}
          >
            <option value="">{says}</option>
            {all.map((item) => (
              <option key={item}>{item}</option>
            ))}
          </select>
        );
      })}
      {session !== null && (
        <button type="button" onClick={() => onChange({ session: undefined })}>
          {session} ✕
        </button>
      )}
    </div>
  );
}
