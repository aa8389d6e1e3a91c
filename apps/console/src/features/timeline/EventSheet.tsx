/** One event: what it says, where it stands in the log, and its causes and effects as a graph. */
import type { CausalNodeRecord } from "@roost/contract/operations";
import { useMemo, useState } from "react";
import { Link } from "wouter";
import { useConsole } from "../../live/console-context.ts";
import { useReading } from "../../live/use-reading.ts";
import { Unread } from "../../parts/Blank.tsx";
import { CauseGraph } from "../../pieces/CauseGraph.tsx";
import { JsonView } from "../../parts/JsonView.tsx";
import { Sheet } from "../../parts/Sheet.tsx";
import { useTimeFormats } from "../../parts/time-formats.ts";
import { tellType, type EventRow } from "./to-event-row.ts";
import styles from "./EventSheet.module.css";

export function EventSheet({ row, onClose }: { row: EventRow; onClose: () => void }) {
  const { client } = useConsole();
  const formats = useTimeFormats();
  const { topic, partition, offset } = row;
  const { value, error, reload } = useReading(`event:${row.id}`, () =>
    client.explainEvent({ topic, partition, offset, limit: 200 }),
  );
  const [seen, setSeen] = useState<CausalNodeRecord>();
  const nodes = useMemo(() => {
    const { causes = [], effects } = value ?? {};
    return [...causes, ...(effects?.items ?? []).map((node) => ({ ...node, depth: node.depth + causes.length }))];
  }, [value]);
  if (value === undefined)
    return (
      <Sheet title={row.title} isWide onClose={onClose}>
        <Unread label="Reading the event" rows={8} what="The event" error={error} onRetry={reload} />
      </Sheet>
    );
  const { event, isCut } = value;
  const runId = event.data["runId"];
  return (
    <Sheet title={row.title} isWide onClose={onClose}>
      <div className={styles.event}>
        <p className={styles.text}>{row.text}</p>
        <section>
          <h3 className="part-title">Why, and what came of it</h3>
          <CauseGraph nodes={nodes} own={row.id} onChoose={setSeen} />
          {seen !== undefined && (
            <p className={styles.seen} role="status">
              <b>{tellType(seen.type)}</b> {seen.text.replace(seen.type, "")} ·{" "}
              {formats.full.format(Date.parse(seen.time))}
              {seen.runId !== null && (
                <>
                  {" "}
                  <Link href={`/runs/${seen.runId}`}>See the run</Link>
                </>
              )}
            </p>
          )}
          {isCut && <p className={styles.note}>There is more than is shown.</p>}
        </section>
        <section>
          <h3 className="part-title">What it says</h3>
          <JsonView value={event.data} />
        </section>
        <dl className={styles.facts}>
          <dt>When</dt>
          <dd className="num">{formats.full.format(Date.parse(event.time))}</dd>
          <dt>Place</dt>
          <dd className="mono">
            {event.topic}/{event.partition}:{event.offset}
          </dd>
          <dt>Labels</dt>
          <dd>{event.labels.join(" ")}</dd>
          <dt>Source</dt>
          <dd>{event.source}</dd>
        </dl>
        {typeof runId === "string" && (
          <Link href={`/runs/${runId}`} className={styles.run}>
            See the run
          </Link>
        )}
      </div>
    </Sheet>
  );
}
