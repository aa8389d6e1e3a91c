/** A conversation as it is shown, from its messages: what was said, calls of tools with their results, and what stands in no bubble. Pure. */
import type { MessageRecord } from "@roost/contract/operations";

export interface ToolUse {
  id: string;
  name: string;
  /** As the model wrote them; parsed where they are JSON. */
  input: unknown;
  /** Undefined while it runs. */
  output: string | undefined;
  isFailed: boolean;
}

export type Said =
  | { kind: "person"; message: MessageRecord }
  | { kind: "agent"; message: MessageRecord; tools: readonly ToolUse[] }
  /** A digest or a summary: of use to the agent, and to a person who asks. */
  | { kind: "note"; message: MessageRecord }
  | { kind: "job"; message: MessageRecord }
  | { kind: "taken-back"; messages: readonly MessageRecord[] };

interface Content {
  toolCalls?: { toolName?: string; toolCallId?: string; argumentsText?: string }[] | undefined;
  toolCallId?: string;
  isError?: boolean;
}

export function foldConversation(messages: readonly MessageRecord[]): Said[] {
  const said: Said[] = [];
  const calls = new Map<string, { at: number; index: number }>();
  for (const message of messages) {
    const content = (message.content ?? {}) as Content;
    const last = said.at(-1);
    if (message.isTakenBack) {
      if (last?.kind === "taken-back") said[said.length - 1] = { ...last, messages: [...last.messages, message] };
      else said.push({ kind: "taken-back", messages: [message] });
    } else if (message.role === "tool") {
      const place = calls.get(content.toolCallId ?? "");
      if (place !== undefined) answerCall(said, place, message, content);
    } else if (message.role === "assistant") {
      const tools = (content.toolCalls ?? []).map(toToolUse);
      for (const [index, { id }] of tools.entries()) calls.set(id, { at: said.length, index });
      said.push({ kind: "agent", message, tools });
    } else if (message.role === "user")
      said.push({ kind: message.source?.startsWith("job:") === true ? "job" : "person", message });
    else said.push({ kind: "note", message });
  }
  return said;
}

function answerCall(
  said: Said[],
  { at, index }: { at: number; index: number },
  { text }: MessageRecord,
  { isError }: Content,
): void {
  const caller = said[at];
  if (caller?.kind !== "agent") return;
  const tools = caller.tools.map((tool, place) =>
    place === index ? { ...tool, output: text, isFailed: isError === true || isRefusal(text) } : tool,
  );
  said[at] = { ...caller, tools };
}

function toToolUse({ toolName, toolCallId, argumentsText }: NonNullable<Content["toolCalls"]>[number]): ToolUse {
  return {
    id: toolCallId ?? "",
    name: toolName ?? "a tool",
    input: parse(argumentsText ?? ""),
    output: undefined,
    isFailed: false,
  };
}

/** Results are often JSON, and read better so. */
export function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Tools say what went wrong in words; their failures begin alike. */
function isRefusal(text: string): boolean {
  return /^(?:there is no tool|the tool .* failed|failed:|error:)/i.test(text);
}

/** What it was called with, in a few words: its most telling argument. */
export function tellInput(input: unknown): string {
  if (typeof input === "string") return input.slice(0, 80);
  if (typeof input !== "object" || input === null) return "";
  const telling = ["path", "query", "url", "name", "question", "text", "subject", "id", "jobId", "scope"];
  const values = input as Record<string, unknown>;
  const found = telling.map((key) => values[key]).find((value) => typeof value === "string");
  return typeof found === "string" ? found.replaceAll(/\s+/g, " ").slice(0, 80) : "";
}
