// Decides which messages leave a full context. Pure. Tool calls stay together with their answers, and the message being answered always stays.

import type { Message, ToolMessage } from "../messages/message.ts";
import type { ModelInput } from "../models/model-input.ts";
import { estimateMessage } from "../models/estimate-prompt.ts";

export interface CompactionPlan {
  /** Indexes of the messages that leave, ascending. */
  leaving: number[];
  /** Tool answers that stay but are shortened: index → maximum characters. */
  shortened: { index: number; charsMax: number }[];
}

export interface PlanOptions {
  tokensMax: number;
  /** What the model takes: what it is only told the name of needs no room. */
  input?: readonly ModelInput[];
}

/** A shortened answer keeps at least this much. */
const shortenedCharsMin = 400;

/** What must leave so that the rest is at most `tokensMax`; undefined when nothing can. */
export function planCompaction(messages: Message[], options: PlanOptions): CompactionPlan | undefined {
  const groups = groupMessages(messages);
  const answeredGroup = groups.findLastIndex((group) => messages[group[0]!]?.role === "user");
  const kept = new Set<number>([answeredGroup, groups.length - 1].filter((index) => index >= 0));
  let tokens = 0;
  for (const index of kept) tokens += groupTokens(messages, groups[index]!, options.input);
  for (let index = groups.length - 2; index >= 0; index -= 1) {
    if (kept.has(index)) continue;
    const size = groupTokens(messages, groups[index]!, options.input);
    if (tokens + size > options.tokensMax) break;
    kept.add(index);
    tokens += size;
  }
  const leaving = groups.flatMap((group, index) => (kept.has(index) ? [] : group));
  const staying = groups.flatMap((group, index) => (kept.has(index) ? group : []));
  const shortened =
    tokens <= options.tokensMax ? [] : shorten(messages, { staying, excessTokens: tokens - options.tokensMax });
  return leaving.length === 0 && shortened.length === 0 ? undefined : { leaving, shortened };
}

/** An assistant message and the answers to its calls form a group; every other message is its own. */
function groupMessages(messages: Message[]): number[][] {
  const groups: number[][] = [];
  for (const [index, message] of messages.entries()) {
    const last = groups.at(-1);
    if (message.role === "tool" && last !== undefined && messages[last[0]!]?.role === "assistant") last.push(index);
    else groups.push([index]);
  }
  return groups;
}

function groupTokens(messages: Message[], group: number[], input?: readonly ModelInput[]): number {
  return group.reduce((sum, index) => sum + estimateMessage(messages[index]!, input), 0);
}

/** Shortens the longest answers evenly. */
function shorten(
  messages: Message[],
  options: { staying: number[]; excessTokens: number },
): CompactionPlan["shortened"] {
  const answers = options.staying
    .map((index) => ({ index, message: messages[index]! }))
    .filter(
      (entry): entry is { index: number; message: ToolMessage } =>
        entry.message.role === "tool" && entry.message.text.length > shortenedCharsMin,
    );
  const tokens = answers.map(({ message }) => estimateMessage(message));
  const total = tokens.reduce((sum, count) => sum + count, 0);
  if (total === 0) return [];
  const share = Math.max(0, 1 - options.excessTokens / total);
  return answers.map(({ index, message }) => ({
    index,
    charsMax: Math.max(shortenedCharsMin, Math.floor(message.text.length * share * 0.9)),
  }));
}
