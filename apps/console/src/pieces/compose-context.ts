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
  const output = contextOf(steps);
  if (output === undefined) return [];
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

/** The sections of that context, word for word, in their order. */
export function listSections(steps: readonly Pick<StepRecord, "kind" | "output">[]): { name: string; text: string }[] {
  return (contextOf(steps)?.sections ?? []).flatMap(({ name, text }) =>
    typeof text === "string" && text !== "" ? [{ name: String(name ?? "a section"), text }] : [],
  );
}

function contextOf(steps: readonly Pick<StepRecord, "kind" | "output">[]): ContextOutput | undefined {
  const found = steps.find(({ kind, output }) => kind === "context" && output !== null);
  return found?.output as ContextOutput | undefined;
}

function lengthOf(text: unknown): number {
  return typeof text === "string" ? text.length : 0;
}
