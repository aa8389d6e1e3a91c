// What becomes of a reply's text once it has ended: what follows the end of the turn is taken back, and calls in it go where calls belong.

import type { LanguageModelV4CallOptions } from "@ai-sdk/provider";
import type { ToolCallPart } from "../messages/message.ts";
import { cutAtTurnEnd } from "./cut-at-turn-end.ts";
import type { ModelDelta } from "./models.ts";
import { readWrittenCalls } from "./read-written-calls.ts";

interface EndedReply {
  texts: string[];
  toolCalls: ToolCallPart[];
  tools: LanguageModelV4CallOptions["tools"];
  /** They were described as text. A model that calls them otherwise may be asked for an answer in JSON that looks like a call. */
  areToolsText: boolean;
  show: (delta: ModelDelta) => void;
}

/** Changes `texts` and `toolCalls`, and shows the text anew where it has changed. */
export function settleText({ texts, toolCalls, tools = [], areToolsText, show }: EndedReply): void {
  const replace = (text: string, reason: string) => {
    show({ type: "reset", reason });
    if (text !== "") show({ type: "text", text });
    texts.splice(0, Infinity, text);
  };
  const cut = cutAtTurnEnd(texts.join(""));
  if (cut !== undefined) replace(cut.text, "the model wrote on after the end of its turn");
  const names = tools.map(({ name }) => name);
  const written =
    toolCalls.length > 0 ? undefined : readWrittenCalls(texts.join(""), names, { takesBare: areToolsText });
  if (written === undefined) return;
  replace(written.text, "what was shown holds a call of a tool");
  toolCalls.push(...written.calls.map((call) => ({ toolCallId: "", ...call })));
}
