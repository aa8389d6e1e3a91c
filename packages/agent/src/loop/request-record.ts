// What is kept of a model request beside its reply: marks by which a later replay tells what today's program would ask instead.
// The request itself follows from the recorded steps; it is not kept twice.

import { createHash } from "node:crypto";
import { canonicalJson } from "@roost/base";
import type { ModelRequest, ToolDescription } from "../models/models.ts";

export interface RequestRecord {
  /** The model that is asked first. */
  model: string;
  outputTokensMax: number;
  /** Mark of the instructions. */
  sections: string;
  messageCount: number;
  /** Marks of the messages from this place on; those before it are as the request before had them. */
  messagesFrom: number;
  messages: string[];
  /** Mark of all tools as the model is told of them. */
  tools: string;
  /** By name; only where they are not those of the request before. */
  toolMarks?: Record<string, string>;
}

/** What earlier requests of the run have recorded; it follows from the records alone. */
export interface RequestsSoFar {
  messageCount: number;
  tools: string | undefined;
  /** Of what stays the same from request to request, marked once. */
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
    ...(tools === soFar.tools ? {} : { toolMarks }),
  };
}

/** For comparing, not for trusting: 72 bits of SHA-256, the same for a value and for what a record of it returns. */
function markOf(value: unknown): string {
  return createHash("sha256").update(canonicalJson(value)).digest("base64url").slice(0, 12);
}

/** What follows from a description alone: tools are described by the same objects from run to run. */
const toolMarksKnown = new WeakMap<ToolDescription, string>();

function markTool(tool: ToolDescription): string {
  const mark = toolMarksKnown.get(tool) ?? markOf(tool);
  toolMarksKnown.set(tool, mark);
  return mark;
}
