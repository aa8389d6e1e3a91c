import type { Span } from "../live/fold-span.ts";
import { useNow } from "../live/console-context.ts";
import styles from "./StepStrip.module.css";

const unit = 1_000;

/** A run's whole life in one line: what it spent its time on, and where it failed. Waiting is thin. */
export function StepStrip({ spans, from, to }: { spans: readonly Span[]; from: number; to: number | null }) {
  const now = useNow();
  const end = to ?? Math.max(now, ...spans.map((span) => span.to ?? span.from));
  const wholeMs = Math.max(1, end - from);
  const at = (ms: number) => Math.max(0, Math.min(unit, ((ms - from) / wholeMs) * unit));
  return (
    <svg className={styles.strip} viewBox={`0 0 ${unit} 10`} preserveAspectRatio="none" aria-hidden="true">
      {spans.map((span) => {
        const x = at(span.from);
        const isThin = span.kind === "wait" || span.state === "waiting";
        return (
          <rect
            key={span.seq}
            x={x}
            width={Math.max(8, at(span.to ?? end) - x - 3)}
            y={isThin ? 3.5 : 0}
            height={isThin ? 3 : 10}
            data-kind={toneOf(span)}
          />
        );
      })}
    </svg>
  );
}

function toneOf({ state, kind }: Span): string {
  if (state === "failed" || state === "unknown") return state;
  return state === "waiting" ? "wait" : kindOf(kind);
}

/** The kinds that have a colour. */
export function kindOf(kind: string): "model" | "tool" | "context" | "wait" | "child" {
  if (kind === "model" || kind === "context" || kind === "child") return kind;
  return kind === "wait" || kind === "approval" || kind === "sleep" || kind === "question" ? "wait" : "tool";
}
