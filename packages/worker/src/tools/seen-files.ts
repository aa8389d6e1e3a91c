/** Which content of which home file a run has seen, for its next write of the file. A resumed run rebuilds it from its recorded steps. */
import { agentLimitDefaults } from "@roost/agent";
import { isJsonObject, type JsonObject, type JsonValue } from "@roost/base";
import type { Step } from "@roost/kernel";

/** sha256 by path. */
export type SeenFiles = Map<string, string>;

/** Records what a tool shows; a file that was shown in part, or cut, does not count as seen. */
export function noteSeen(seen: SeenFiles, shown: object): void {
  const { path, sha256, isWhole } = shown as Record<string, unknown>;
  if (typeof path !== "string" || typeof sha256 !== "string" || isWhole === false) return;
  if (JSON.stringify(shown).length <= agentLimitDefaults.toolResultCharsMax) seen.set(path, sha256);
}

const tools = /^tool:(?:read_file|write_file)#/;

export function recallSeen(steps: readonly Step[]): SeenFiles {
  const seen: SeenFiles = new Map();
  for (const output of recallOutputs(steps, tools)) noteSeen(seen, output);
  return seen;
}

/** What tools of such steps answered, as objects; an answer that was cut is left out. */
export function recallOutputs(steps: readonly Step[], name: RegExp): JsonObject[] {
  return steps.flatMap((step) => {
    const text = (step.output as { text?: unknown } | null)?.text;
    if (step.state !== "done" || !name.test(step.name) || typeof text !== "string") return [];
    try {
      const output = JSON.parse(text) as JsonValue;
      return isJsonObject(output) ? [output] : [];
    } catch {
      return [];
    }
  });
}
