// Sends a model's thinking back to it. Some servers require it with every tool call, some refuse the field, and they disagree on its name. It is
// sent under the name it came with; refusals teach the rest.

import type { ChatMessage } from "./chat-body.ts";
import type { Mend } from "./mend.ts";

export const reasoningFields = ["reasoning_content", "reasoning"] as const;

const isRefused =
  /not (be )?(support|permit|allow|accept|recogni[sz]|known|valid)|unsupported|unknown|unexpected|unrecogni[sz]ed|extra (input|field)|additional propert|must not|should not|remove|invalid/i;
/** Thinking that was signed or sealed for another place. */
const isSpoilt = /thinking\W{0,3} block|encrypted[ _]content/i;
const isDemanded =
  /missing|required|must (be|have|contain|include)|passed back|pass(ed)? .{0,20}back|expected|not found|absent|needs? to|should be/i;

/** `none`, or the field and the messages that need it: those with tool calls, or all of the model's. */
export const reasoningMend: Mend = {
  id: "reasoning",
  recognise: ({ text }, { messages }) => {
    const named = reasoningFields.find((field) => new RegExp(`\\b${field}\\b`).test(text));
    const own = messages.filter(({ role }) => role === "assistant");
    if (isSpoilt.test(text) && own.some(hasReasoning)) return "none";
    if (named === undefined || /reasoning (value|effort)/i.test(text)) return undefined;
    if (isDemanded.test(text) && !/must not|should not/i.test(text) && !/unsupported|unexpected|unknown/i.test(text)) {
      if (own.some((message) => callsTools(message) && typeof message[named] !== "string"))
        return `${named} with calls`;
      if (own.some((message) => typeof message[named] !== "string")) return `${named} always`;
    }
    return isRefused.test(text) && own.some(hasReasoning) ? "none" : undefined;
  },
  apply: (body, setting) => ({
    ...body,
    messages: body.messages.map((message) => withReasoning(message, String(setting))),
  }),
  tell: (setting) =>
    setting === "none"
      ? "asked without earlier thinking"
      : `asked with ${String(setting).split(" ")[0]} in each message`,
};

function withReasoning(message: ChatMessage, setting: string): ChatMessage {
  if (message.role !== "assistant") return message;
  const { reasoning_content: content, reasoning, reasoning_details: details, ...rest } = message;
  if (setting === "none") return rest;
  const [field = "", when] = setting.split(" ");
  const thought = [content, reasoning].find((value) => typeof value === "string");
  if (thought === undefined && when !== "always" && !callsTools(message)) return message;
  return {
    ...rest,
    reasoning_details: details,
    [field]: thought ?? "",
  };
}

function callsTools({ tool_calls: calls }: ChatMessage): boolean {
  return (calls?.length ?? 0) > 0;
}

function hasReasoning(message: ChatMessage): boolean {
  return [...reasoningFields, "reasoning_details"].some((field) => message[field] !== undefined);
}
