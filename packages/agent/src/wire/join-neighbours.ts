import type { ChatMessage } from "./chat-body.ts";

/** Joins messages of one role in a row, which chat templates of several models refuse; calls and their answers stay. */
export function joinNeighbours(messages: ChatMessage[]): ChatMessage[] {
  const joined: ChatMessage[] = [];
  for (const message of messages) {
    const last = joined.at(-1);
    const isJoinable = last?.role === message.role && (message.role === "user" || message.role === "assistant");
    if (isJoinable && !isAboutTools(last) && !isAboutTools(message)) {
      joined[joined.length - 1] = { ...last, content: `${textOf(last.content)}\n\n${textOf(message.content)}` };
    } else joined.push(message);
  }
  return joined;
}

export function isAboutTools({ role, tool_calls: calls }: ChatMessage): boolean {
  return role === "tool" || (calls?.length ?? 0) > 0;
}

export function textOf(content: unknown): string {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return "";
  return content.map((part: { text?: unknown }) => (typeof part.text === "string" ? part.text : "")).join("");
}
