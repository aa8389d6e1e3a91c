/** The steps of a run as spans of time, moved by its events. */
import type { Event } from "@roost/contract/operations";

export interface Span {
  seq: number;
  name: string;
  kind: string;
  state: string;
  /** In ms since 1970. */
  from: number;
  to: number | null;
}

const spansMax = 400;
const states: Readonly<Record<string, string>> = {
  "step.started": "intent",
  "step.done": "done",
  "step.failed": "failed",
  "step.unknown": "unknown",
};

/** A new list when the event changes it, else the given one. */
export function foldSpan(spans: readonly Span[], event: Pick<Event, "type" | "time" | "data">): readonly Span[] {
  const state = states[event.type];
  const { seq, name, kind } = event.data;
  if (state === undefined || typeof seq !== "number") return spans;
  const at = Date.parse(event.time);
  const known = spans.find((span) => span.seq === seq);
  if (state === "intent") {
    if (known?.to === null) return spans;
    const begun: Span = { seq, name: String(name), kind: String(kind), state, from: known?.from ?? at, to: null };
    return [...spans.filter((span) => span.seq !== seq), begun].slice(-spansMax);
  }
  if (known === undefined) return spans;
  return spans.map((span) => (span === known ? { ...span, state, to: at } : span));
}
