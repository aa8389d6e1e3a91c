import type { ClaimedRun } from "@roost/kernel";
import { attributes, genAiOperations, type Attributes } from "@roost/telemetry";

/** Names of model and tool spans follow the semantic conventions for generative AI. */
export function spanName(name: string, kind: string): string {
  if (kind === "model") return genAiOperations.chat;
  return kind === "tool" ? `${genAiOperations.executeTool} ${toolOf(name)}` : `step ${name}`;
}

/** `tool:write_file#2` is a call of write_file. */
function toolOf(step: string): string {
  return step.replace(/^tool:/, "").replace(/#\d+$/, "");
}

export function describeStep(
  run: ClaimedRun,
  seq: number,
  name: string,
  { kind, effect }: { kind: string; effect: string },
): Attributes {
  return {
    [attributes.runId]: run.id,
    [attributes.stepSeq]: seq,
    [attributes.stepName]: name,
    [attributes.stepKind]: kind,
    [attributes.stepEffect]: effect,
    [attributes.genAiConversationId]: run.sessionKey ?? undefined,
    ...(kind === "model" ? { [attributes.genAiOperation]: genAiOperations.chat } : {}),
    ...(kind === "tool"
      ? { [attributes.genAiOperation]: genAiOperations.executeTool, [attributes.genAiToolName]: toolOf(name) }
      : {}),
  };
}
