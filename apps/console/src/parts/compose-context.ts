/** What filled the prompt of a run's first model call, by source, from its recorded context. Characters, since only the whole is counted in tokens. */
import type { StepRecord } from "@roost/contract/operations";

export interface ContextPart {
  name: string;
  chars: number;
}

interface ContextOutput {
  sections?: { name?: unknown; text?: unknown }[];
  messages?: { role?: unknown; text?: unknown }[];
  history?: { turns?: unknown };
}

/** Largest first. Empty when the run has no context. */
export function composeContext(steps: readonly Pick<StepRecord, "kind" | "output">[]): ContextPart[] {
  const output = steps.find(({ kind, output: made }) => kind === "context" && made !== null)?.output as
    | ContextOutput
    | null
    | undefined;
  if (output === undefined || output === null) return [];
  const parts: ContextPart[] = (output.sections ?? []).map(({ name, text }) => ({
    name: String(name ?? "a section"),
    chars: lengthOf(text),
  }));
  const asked = (output.messages ?? []).reduce((sum, { text }) => sum + lengthOf(text), 0);
  if (asked > 0) parts.push({ name: "this turn", chars: asked });
  const before = output.history?.turns;
  if (Array.isArray(before) && before.length > 0)
    parts.push({ name: "conversation before", chars: JSON.stringify(before).length });
  return parts.filter(({ chars }) => chars > 0).toSorted((one, other) => other.chars - one.chars);
}

function lengthOf(text: unknown): number {
  return typeof text === "string" ? text.length : 0;
}
