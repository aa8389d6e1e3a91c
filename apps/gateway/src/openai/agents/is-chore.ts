/**
 * Requests that chat programs make beside the conversation: a title for it, tags, what to ask next. They are known by their prompts, which
 * their makers ship as defaults; a changed one gets a conversation of its own instead of a turn of another.
 */
import type { AskedConversation } from "./asked-conversation.ts";

const prompts = [
  // Open WebUI: titles, tags, follow-ups, search queries, autocompletion.
  /^\s*### Task:\s*\n/,
  // Continue.
  /please reply with a title for the chat that is 3-4 words/i,
  // LibreChat and others.
  /concise, 5-word-or-less title/i,
  /\bgenerate a (?:short|concise|brief)\b.{0,60}\btitle\b/i,
];
const promptCharsMax = 2_000;

/** Whether the request is about a conversation and none itself. */
export function isChore({ items, tools, told }: AskedConversation): boolean {
  const [first] = items;
  if (items.length !== 1 || first?.kind !== "user" || first.files.length > 0 || tools.length > 0) return false;
  const texts = [first.text.slice(0, promptCharsMax), told.slice(0, promptCharsMax)];
  return prompts.some((prompt) => texts.some((text) => prompt.test(text)));
}
