/** What OpenTelemetry is told of a run: a span of the run and of each that it started, and one of each step. Pure. */
import { keyOf } from "./key-of.ts";
import type { RunReading } from "./use-run-reading.ts";

export interface RunSpan {
  id: string;
  /** As the collector has it: `run …`, `chat`, `execute_tool …`. */
  name: string;
  /** Of a step: it stands below its run. */
  isChild: boolean;
  state: string;
  from: number;
  /** Null: it is not over. */
  to: number | null;
}

export function listSpans({
  run,
  children,
  steps,
}: Pick<RunReading, "children" | "steps"> & { run: RunReading["children"][number] }): RunSpan[] {
  return [run, ...children].flatMap((each) => {
    if (each.startedAt === null) return [];
    const own = { id: each.id, name: `run ${each.title}`, isChild: false, state: each.state };
    const inside = steps
      .filter(({ runId }) => runId === each.id)
      .map((step) => ({
        id: keyOf(step),
        name: nameSpan(step.name, step.kind),
        isChild: true,
        state: step.state === "intent" ? "running" : step.state,
        ...spanned(step.startedAt, step.endedAt),
      }));
    return [{ ...own, ...spanned(each.startedAt, each.endedAt) }, ...inside];
  });
}

function spanned(startedAt: string, endedAt: string | null) {
  return { from: Date.parse(startedAt), to: endedAt === null ? null : Date.parse(endedAt) };
}

/** By OpenTelemetry's conventions for generative AI, as the worker names them. */
function nameSpan(name: string, kind: string): string {
  if (kind === "model") return "chat";
  return kind === "tool" ? `execute_tool ${name.replace(/^tool:/, "").replace(/#\d+$/, "")}` : `step ${name}`;
}
