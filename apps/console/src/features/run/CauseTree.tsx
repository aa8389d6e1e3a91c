/** Why a run ran, and what it caused: events as a tree, each below the one that caused it. */
import type { CausalNodeRecord } from "@roost/contract/operations";
import { Link } from "wouter";
import { useConsole } from "../../live/console-context.ts";
import { useReading } from "../../live/use-reading.ts";
import { Unread } from "../../parts/Blank.tsx";
import { useTimeFormats } from "../../parts/time-formats.ts";
import { Region } from "../../parts/Region.tsx";
import styles from "./CauseTree.module.css";

export function CauseTree({ runId }: { runId: string }) {
  const { client } = useConsole();
  const { value, error, reload } = useReading(`causes:${runId}`, () => client.explainRun({ runId, limit: 300 }), {
    isMoved: ({ data }) => data["runId"] === runId,
  });
  if (value === undefined)
    return <Unread label="Reading causes" rows={10} rowPx={30} what="What caused it" error={error} onRetry={reload} />;
  const depth = value.causes.length;
  return (
    <Region label="Causes and effects" className={styles.tree}>
      <ol>
        {value.causes.map((node) => (
          <Node
            key={node.eventId}
            node={node}
            depth={node.depth}
            isOwn={node.subject === runId && node.type === "run.created"}
          />
        ))}
        {value.effects.items.map((node) => (
          <Node key={node.eventId} node={node} depth={depth + node.depth} isOwn={false} />
        ))}
      </ol>
      {value.isCut && <p className={styles.more}>There is more than is shown.</p>}
    </Region>
  );
}

const depthShown = 14;

function Node({ node, depth, isOwn }: { node: CausalNodeRecord; depth: number; isOwn: boolean }) {
  const formats = useTimeFormats();
  const text = node.text.startsWith(node.type) ? node.text.slice(node.type.length).trim() : node.text;
  const inside = (
    <>
      <span className={styles.type}>{node.type}</span> <span className={styles.text}>{text}</span>
    </>
  );
  return (
    <li data-own={isOwn || undefined}>
      <time dateTime={node.time}>{formats.clockSeconds.format(Date.parse(node.time))}</time>
      <span className={styles.line} style={{ paddingLeft: Math.min(depth, depthShown) * 16 }}>
        <i aria-hidden="true" />
        {node.runId === null || isOwn ? <span>{inside}</span> : <Link href={`/runs/${node.runId}`}>{inside}</Link>}
      </span>
    </li>
  );
}
