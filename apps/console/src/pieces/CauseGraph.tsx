/** Causes and effects as a graph that is read from left to right; each box is pressed to look closer. Scrolls by itself where it is wide. */
import type { CausalNodeRecord } from "@roost/contract/operations";
import { useEffect, useMemo, useRef } from "react";
import { layOutCauses, type PlacedCause } from "./lay-out-causes.ts";
import { Region } from "../parts/Region.tsx";
import styles from "./CauseGraph.module.css";

export interface CauseGraphProps {
  /** Parents before children. */
  nodes: readonly CausalNodeRecord[];
  /** The event that is asked about. */
  own: string;
  onChoose: (node: CausalNodeRecord) => void;
}

const boxPx = { width: 148, height: 40, right: 34, below: 12 };

export function CauseGraph({ nodes, own, onChoose }: CauseGraphProps) {
  const { placed, columnCount, rowCount } = useMemo(() => layOutCauses(nodes, own), [nodes, own]);
  const box = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    box.current?.scrollIntoView({ inline: "center", block: "nearest" });
  }, [placed]);
  const width = columnCount * (boxPx.width + boxPx.right) - boxPx.right;
  const height = rowCount * (boxPx.height + boxPx.below) - boxPx.below;
  return (
    <Region label="Causes and effects" className={styles.frame}>
      <div className={styles.graph} style={{ width, height }}>
        <svg width={width} height={height} aria-hidden="true">
          {placed.map(
            (one) => one.from !== undefined && <path key={one.node.eventId} d={curve(placed[one.from], one)} />,
          )}
        </svg>
        {placed.map(({ node, count, column, row }) => (
          <button
            key={node.eventId}
            ref={node.eventId === own ? box : undefined}
            type="button"
            data-own={node.eventId === own || undefined}
            data-bad={/failed|refused|missed|unknown/.test(node.type) || undefined}
            title={node.text}
            style={{ ...placeOf(column, row), width: boxPx.width, height: boxPx.height }}
            onClick={() => onChoose(node)}
          >
            <b>
              {node.type}
              {count > 1 && ` × ${count}`}
            </b>
            <small>{node.text.startsWith(node.type) ? node.text.slice(node.type.length).trim() : node.text}</small>
          </button>
        ))}
      </div>
    </Region>
  );
}

function placeOf(column: number, row: number): { left: number; top: number } {
  return { left: column * (boxPx.width + boxPx.right), top: row * (boxPx.height + boxPx.below) };
}

function curve(from: PlacedCause | undefined, to: PlacedCause): string {
  if (from === undefined) return "";
  const [start, end] = [placeOf(from.column, from.row), placeOf(to.column, to.row)];
  const [x1, y1] = [start.left + boxPx.width, start.top + boxPx.height / 2];
  const [x2, y2] = [end.left, end.top + boxPx.height / 2];
  const middle = (x1 + x2) / 2;
  return `M${x1} ${y1}C${middle} ${y1} ${middle} ${y2} ${x2} ${y2}`;
}
