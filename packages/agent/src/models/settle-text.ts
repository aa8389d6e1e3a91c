// What becomes of a reply once it has ended: what follows the end of the turn is taken back, and calls in its text go where calls belong.

import type { ToolCallPart } from "../messages/message.ts";
import { hasUnreadCall, readWrittenCalls, type ReadWrittenOptions } from "../written/read-written-calls.ts";
import { cutAtTurnEnd } from "./cut-at-turn-end.ts";
import type { ModelDelta } from "./models.ts";

interface EndedReply extends ReadWrittenOptions {
  texts: string[];
  reasoning: readonly { text: string }[];
  toolCalls: ToolCallPart[];
  show: (delta: ModelDelta) => void;
}

/** Changes `texts` and `toolCalls`, and shows the text anew where it has changed. */
export function settleText({ texts, reasoning, toolCalls, show, ...options }: EndedReply): { hasUnreadCall: boolean } {
  const replace = (text: string, reason: string) => {
    show({ type: "reset", reason });
    if (text !== "") show({ type: "text", text });
    texts.splice(0, Infinity, text);
  };
  const cut = cutAtTurnEnd(texts.join(""));
  if (cut !== undefined) replace(cut.text, "the model wrote on after the end of its turn");
  if (toolCalls.length > 0 || options.toolNames.length === 0) return { hasUnreadCall: false };
  const text = texts.join("");
  const written = readWrittenCalls(text, options);
  if (written !== undefined) replace(written.text, "what was shown holds a call of a tool");
  // Some models call before they have ended their thinking, and say nothing more.
  const thought = reasoning.map((block) => block.text).join("");
  const thoughtCalls = text.trim() === "" ? readWrittenCalls(thought, options) : undefined;
  const calls = (written ?? thoughtCalls)?.calls ?? [];
  toolCalls.push(...calls.map((call) => ({ toolCallId: "", ...call })));
  return { hasUnreadCall: calls.length === 0 && hasUnreadCall(text, options) };
}
