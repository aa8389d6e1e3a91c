// All mends, in the order in which refusals are matched and mends applied. A new kind of server is a new value here.

import type { ChatBody, ChatMessage } from "./chat-body.ts";
import type { Mend } from "./mend.ts";
import { formatMend } from "./format-mend.ts";
import { mediaMends } from "./media-mends.ts";
import { outputLimitMend, outputNameMend } from "./output-limit-mend.ts";
import { reasoningMend } from "./reasoning-mend.ts";
import { schemaMend } from "./schema-mend.ts";
import { joinNeighbours, textOf } from "./join-neighbours.ts";
import { toolsMend } from "./tools-mend.ts";

/** Phrases by which servers say that they do not know or take something. */
export const isUnknown =
  /not (be )?(support|permit|allow|accept|recogni[sz]|known|enabl|implement|available|valid)|n['’]t (support|accept|know|recogni[sz])|unsupported|unknown|unexpected|unrecogni[sz]ed|extra (inputs?|fields?)|additional propert|not a valid|invalid (parameter|argument|field|param)|no such (field|parameter)/i;

export const streamOptionsId = "without stream_options";
export const noStreamId = "without streaming";

const mendStreamOptions: Mend = {
  id: streamOptionsId,
  recognise: ({ text }, body) =>
    body["stream_options"] !== undefined && /stream_options|include_usage/i.test(text) ? "left out" : undefined,
  apply: (body) => without(body, "stream_options"),
  tell: () => "asked without stream_options",
};

const mendNoStream: Mend = {
  id: noStreamId,
  recognise: ({ text }, body) =>
    body["stream"] === true && /\bstream(ing|ed)?\b/i.test(text) && /not|n't|unsupported|only|must|cannot/i.test(text)
      ? "off"
      : undefined,
  apply: (body) => ({ ...without(body, "stream_options"), stream: false }),
  tell: () => "asked without streaming",
};

/** Fields that a request can do without. */
const optionalFields = [
  "temperature",
  "top_p",
  "usage",
  "user",
  "tool_choice",
  "parallel_tool_calls",
  "reasoning_effort",
  "cache_control",
];

/** A value that is refused is left out as well; `user` and `usage` are words of other refusals too. */
const isRefusedValue = /\b(only|invalid|must|may|cannot|should|range|at most|at least|exceeds?|deprecated)\b/i;
const fieldsWithValues = new Set(["temperature", "top_p", "tool_choice", "reasoning_effort"]);
/** Fields that servers name in words of their own. */
const otherWords: Record<string, RegExp> = {
  parallel_tool_calls: /parallel[_ ]?tool[_ ]?calls?/i,
  reasoning_effort: /reasoning[_ ]?effort|reasoning value|support thinking/i,
};

const optionalFieldMends = optionalFields.map((field): Mend => ({
  id: `without ${field}`,
  recognise: ({ text }, body) =>
    body[field] !== undefined &&
    (otherWords[field] ?? new RegExp(`\\b${field}\\b`, "i")).test(text) &&
    (isUnknown.test(text) || (fieldsWithValues.has(field) && isRefusedValue.test(text)))
      ? "left out"
      : undefined,
  apply: (body) => without(body, field),
  tell: () => `asked without ${field}`,
}));

const mendSystem: Mend = {
  id: "without the system role",
  recognise: ({ text }, body) =>
    body.messages.some(({ role }) => role === "system") &&
    ((/\b(system|developer)\b/i.test(text) &&
      /\b(role|instruction|message|prompt)/i.test(text) &&
      (isUnknown.test(text) ||
        /invalid role|\b(system|developer)\b['"`]? is invalid|only (user|the roles)|not enabled/i.test(text))) ||
      /roles? (must|should)( be)? alternat|only user and assistant roles|role: input should be ['"]user['"](?! ?, ?['"]system)/i.test(
        text,
      ))
      ? "in the first message"
      : undefined,
  apply: ({ messages, ...body }) => {
    const system = messages.filter(({ role }) => role === "system").map(({ content }) => textOf(content));
    const rest = messages.filter(({ role }) => role !== "system");
    return { ...body, messages: joinNeighbours([{ role: "user", content: system.join("\n\n") }, ...rest]) };
  },
  tell: () => "asked with the instructions in the first message: this model takes no system role",
};

/** Two settings, tried in turn: `""`, and a text where that is refused too. */
const mendEmptyContent: Mend = {
  id: "with content",
  recognise: ({ text }, { messages }) => {
    if (!/(?<!reasoning_)\bcontents?\b|['"]assistant['"] must not be empty/i.test(text)) return undefined;
    if (!/null|none\b|string|required|missing|empty|non-?empty|blank|at least one/i.test(text)) return undefined;
    if (messages.some(({ role, content }) => role === "assistant" && content == null)) return "";
    return messages.some(({ role, content }) => role === "assistant" && content === "") ? "(no text)" : undefined;
  },
  apply: (body, setting) =>
    mapMessages(body, (message) =>
      message.role === "assistant" && (message.content == null || message.content === "")
        ? { ...message, content: setting }
        : message,
    ),
  tell: () => "asked with a text in each message",
};

/** Mistral refuses a user message right after a tool's answer. */
const mendAfterTool: Mend = {
  id: "with an answer after tools",
  recognise: ({ text }, { messages }) =>
    /after (role )?['"`]?tool\b|expected (last )?role.{0,20}assistant|tool message\S* should alternate/i.test(text) &&
    messages.some(({ role }, index) => role === "user" && messages[index - 1]?.role === "tool")
      ? "(no answer)"
      : undefined,
  apply: (body, setting) => ({
    ...body,
    messages: body.messages.flatMap((message, index) =>
      message.role === "user" && body.messages[index - 1]?.role === "tool"
        ? [{ role: "assistant", content: setting }, message]
        : [message],
    ),
  }),
  tell: () => "asked with an assistant message between a tool's answer and the user's message",
};

/** Gemini wants its signature with each turn of calls; its documentation names this one for calls that another model made. */
const mendSignatures: Mend = {
  id: "with thought signatures",
  recognise: ({ text }, { messages }) =>
    /thought_?signature/i.test(text) && messages.some(isUnsigned) ? "skip_thought_signature_validator" : undefined,
  apply: (body, setting) =>
    mapMessages(body, (message) => {
      const [first, ...others] = message.tool_calls ?? [];
      if (first === undefined || !isUnsigned(message)) return message;
      const signed = { ...first, extra_content: { google: { thought_signature: setting } } };
      return { ...message, tool_calls: [signed, ...others] };
    }),
  tell: () => "asked with a signature beside the calls of other models",
};

function isUnsigned({ tool_calls: calls = [] }: ChatMessage): boolean {
  return calls.length > 0 && !calls.some((call) => JSON.stringify(call).includes('"thought_signature":"'));
}

export const mends: readonly Mend[] = [
  mendStreamOptions,
  mendNoStream,
  mendSignatures,
  reasoningMend,
  outputNameMend,
  outputLimitMend,
  ...mediaMends,
  ...optionalFieldMends,
  formatMend,
  schemaMend,
  toolsMend,
  mendSystem,
  mendAfterTool,
  mendEmptyContent,
];

function without(body: ChatBody, field: string): ChatBody {
  const { [field]: _left, ...rest } = body;
  return rest as ChatBody;
}

function mapMessages(body: ChatBody, change: (message: ChatMessage) => ChatMessage): ChatBody {
  return { ...body, messages: body.messages.map(change) };
}
