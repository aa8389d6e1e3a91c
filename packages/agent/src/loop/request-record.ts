// What is kept of a model request beside its reply: marks by which a later replay tells how today's request differs. The request itself follows
// from the recorded steps and is not stored.

import { createHash } from "node:crypto";
import { canonicalJson } from "@roost/base";
import type { ModelRequest, ToolDescription } from "../models/models.ts";

export interface RequestRecord {
  /** The first model called. */
  model: string;
  outputTokensMax: number;
  /** Mark of the instructions. */
  sections: string;
  messageCount: number;
  /** Marks of the messages from this index on; earlier ones are as in the request before. */
  messagesFrom: number;
  messages: string[];
  /** Mark of all tools as described to the model. */
  tools: string;
  /** By name; only those that differ from the request before. */
  toolMarks?: Record<string, string> | undefined;
}

/** What earlier requests of the run recorded; follows from the records alone. */
export interface RequestsSoFar {
  messageCount: number;
  tools: string | undefined;
  /** Marks of what stays the same between requests. */
  known: WeakMap<object, string>;
}

export const noRequests = (): RequestsSoFar => ({ messageCount: 0, tools: undefined, known: new WeakMap() });

export function recordRequest(
  request: Pick<ModelRequest, "sections" | "messages" | "tools"> & { outputTokensMax: number },
  { model, soFar }: { model: string; soFar: RequestsSoFar },
): RequestRecord {
  const known = (value: object) => {
    const mark = soFar.known.get(value) ?? markOf(value);
    soFar.known.set(value, mark);
    return mark;
  };
  const toolMarks = Object.fromEntries(request.tools.map((tool) => [tool.name, markTool(tool)]));
  const tools = markOf(toolMarks);
  return {
    model,
    outputTokensMax: request.outputTokensMax,
    sections: known(request.sections),
    messageCount: request.messages.length,
    messagesFrom: soFar.messageCount,
    messages: request.messages.slice(soFar.messageCount).map(markOf),
    tools,
    toolMarks: tools === soFar.tools ? undefined : toolMarks,
  };
}

/** For comparison only: 72 bits of SHA-256, equal for a value and its stored form. */
function markOf(value: unknown): string {
  return createHash("sha256").update(canonicalJson(value)).digest("base64url").slice(0, 12);
}

/** Marks by description: tools are described by the same objects in every run. */
const toolMarksKnown = new WeakMap<ToolDescription, string>();

function markTool(tool: ToolDescription): string {
  const mark = toolMarksKnown.get(tool) ?? markOf(tool);
  toolMarksKnown.set(tool, mark);
  return mark;
}
