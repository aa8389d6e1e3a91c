/** What waits for a person before it counts: facts that others claim, and files with lines from outside. */
import { useConsole } from "../../live/console-context.ts";
import { useReading } from "../../live/use-reading.ts";
import { Blank, Unread } from "../../parts/Blank.tsx";
import { Region } from "../../parts/Region.tsx";
import { FactRow } from "./FactRow.tsx";
import { MarkedLines } from "./MarkedLines.tsx";
import styles from "./HeldList.module.css";

export function HeldList() {
  const { client } = useConsole();
  const { value, error, reload } = useReading(
    "memory:held",
    async () => {
      const [files, facts] = await Promise.all([
        client.listFiles({ isMarked: true, limit: 200 }),
        client.listFacts({ isClaim: true, limit: 200 }),
      ]);
      return { files: files.items, facts: facts.items };
    },
    { isMoved: ({ type }) => type.startsWith("file.") || type.startsWith("fact.") },
  );
  if (value === undefined)
    return <Unread label="Reading what is held" rows={6} what="What is held" error={error} onRetry={reload} />;
  const { files, facts } = value;
  if (files.length + facts.length === 0)
    return (
      <Blank icon="check" title="Nothing is held">
        What comes from outside waits here until you vouch for it.
      </Blank>
    );
  return (
    <Region label="Held" className={styles.held}>
      {facts.length > 0 && (
        <section>
          <h2 className="part-title">Claimed by others</h2>
          <ul>
            {facts.map((fact) => (
              <FactRow key={fact.id} fact={fact} onChange={reload} />
            ))}
          </ul>
        </section>
      )}
      {files.map(({ path, mark }) => (
        <section key={path}>
          <h2 className="mono">{path}</h2>
          {mark !== null && <MarkedLines path={path} mark={mark} onChange={reload} />}
        </section>
      ))}
    </Region>
  );
}
