// The calls of tools in a reply, as they are streamed.

import type { LanguageModelV4StreamPart, SharedV4ProviderMetadata } from "@ai-sdk/provider";
import { storableText, type JsonValue, type Logger } from "@roost/base";
import { splitNamedCall } from "../messages/match-tool-name.ts";
import type { ToolCallPart } from "../messages/message.ts";
import { untangleArguments } from "../messages/parse-arguments.ts";

const metadataCharsMax = 200_000;
/** What is kept of the arguments of a call that is cut off here. */
const cutArgumentsCharsMax = 2_000;

type CallPart = Extract<LanguageModelV4StreamPart, { type: "tool-input-start" | "tool-input-delta" | "tool-call" }>;
type Call = Pick<
  Extract<LanguageModelV4StreamPart, { type: "tool-call" }>,
  "toolCallId" | "toolName" | "input" | "providerMetadata"
>;

/** Calls may be written by turns: each is known by its id. */
export function collectCalls(logger: Logger, grow: (delta: string, options: { isArguments: boolean }) => void) {
  const whole: ToolCallPart[] = [];
  const open = new Map<string, Call>();
  return {
    whole,
    /** With those that were begun. */
    all: () => [...whole, ...[...open.values()].map((call) => toToolCall(call, logger))],
    take: (part: CallPart) => {
      if (part.type === "tool-input-start") {
        open.set(part.id, { toolCallId: part.id, toolName: part.toolName, input: "" });
      } else if (part.type === "tool-input-delta") {
        grow(part.delta, { isArguments: true });
        const begun = open.get(part.id);
        if (begun !== undefined) begun.input = (begun.input + part.delta).slice(0, cutArgumentsCharsMax);
      } else {
        open.delete(part.toolCallId);
        if (!part.providerExecuted) whole.push(toToolCall(part, logger));
      }
    },
  };
}

function toToolCall(part: Call, logger: Logger): ToolCallPart {
  const named = /^(?:\{\s*\})?$/.test(part.input.trim()) ? splitNamedCall(part.toolName) : undefined;
  return {
    toolCallId: storableText(part.toolCallId),
    toolName: storableText(named?.name ?? part.toolName),
    argumentsText: storableText(untangleArguments(named?.argumentsText ?? part.input)),
    ...metadataOf(part.providerMetadata, logger),
  };
}

/** What a provider says of a part in its own form; too much of it is left out. */
export function metadataOf(
  metadata: SharedV4ProviderMetadata | undefined,
  logger: Logger,
): { providerMetadata?: JsonValue } {
  if (metadata === undefined) return {};
  const text = JSON.stringify(metadata);
  if (text.length <= metadataCharsMax) return { providerMetadata: JSON.parse(text) as JsonValue };
  logger.warn("a provider's metadata is left out of the transcript: too long", {
    charCount: text.length,
    charsMax: metadataCharsMax,
  });
  return {};
}
