// Turns Roost's transcript into the prompt of one provider, and repairs what a provider would refuse (unanswered calls, arguments that are not
// JSON, two user turns in a row).

import type { LanguageModelV4Message, LanguageModelV4Prompt, SharedV4ProviderOptions } from "@ai-sdk/provider";
import { namePart } from "@roost/contract/part";
import { createHash } from "node:crypto";
import type { ContextSection } from "../messages/agent-context.ts";
import { answerOrphans } from "../messages/answer-orphans.ts";
import { plainToolName } from "../messages/match-tool-name.ts";
import type { AssistantMessage, Message, ToolCallPart } from "../messages/message.ts";
import { parseArgumentsText } from "../messages/parse-arguments.ts";
import { partsOf, showPart, type ModelInput, type PartBytes, type PromptPart } from "./model-input.ts";
import { wrapUntrusted } from "../messages/wrap-untrusted.ts";

/** The reader of the prompt: reasoning and opaque metadata are sent only to their author. */
export interface PromptReader {
  provider: string;
  model: string;
  /** Its thinking is sent back in the message field it came in, not as a part. */
  takesFields?: boolean;
  /** What it takes beside text. Default: nothing. */
  input?: readonly ModelInput[];
  /** Of the parts that it takes. */
  bytes?: PartBytes;
}

type AssistantPart = Extract<LanguageModelV4Message, { role: "assistant" }>["content"][number];

const argumentsShownCharsMax = 2000;

export function toPrompt(
  context: { sections: ContextSection[]; messages: Message[] },
  reader: PromptReader,
): LanguageModelV4Prompt {
  const prompt: LanguageModelV4Prompt = [];
  const instructions = sectionsText(context.sections);
  if (instructions !== "") prompt.push({ role: "system", content: instructions });

  const messages = answerOrphans(context.messages);
  const thinkingField = messages.findLast(
    (message) => message.role === "assistant" && isAuthor(message, reader) && message.reasoningField !== undefined,
  );
  const field = thinkingField?.role === "assistant" ? thinkingField.reasoningField : undefined;
  const callNames = new Map(
    messages.flatMap((message) =>
      message.role === "assistant"
        ? (message.toolCalls ?? []).map(({ toolCallId, toolName }) => [toolCallId, toolName] as const)
        : [],
    ),
  );
  if (messages[0]?.role === "assistant") prompt.push(userMessage("(Earlier messages are not shown)"));
  const shown = (message: Message, from: string) => {
    const { input = ["text"], bytes = new Map() } = reader;
    const isUntrusted = message.role !== "assistant" && message.isUntrusted;
    return partsOf(message).flatMap((part) => showPart(part, { input, bytes, from, isUntrusted }));
  };
  // An answer of a tool is a text on most wires: its parts follow the answers, as the next message.
  let brought: PromptPart[] = [];
  for (const [index, message] of messages.entries()) {
    if (message.role === "assistant") {
      prompt.push({
        role: "assistant",
        content: assistantParts(message, reader),
        ...thinkingOf(message, { reader, field }),
      });
    } else if (message.role === "tool") {
      const value = message.isUntrusted ? wrapUntrusted(message.text, `tool ${message.toolName}`) : message.text;
      prompt.push({
        role: "tool",
        content: [
          {
            type: "tool-result",
            toolCallId: wireCallId(message.toolCallId),
            // As called: a tool called through another keeps that name on the wire.
            toolName: wireToolName(callNames.get(message.toolCallId) ?? message.toolName),
            output: { type: message.isError ? "error-text" : "text", value },
          },
        ],
      });
      brought.push(...shown(message, `tool ${message.toolName}`));
      if (brought.length === 0 || messages[index + 1]?.role === "tool") continue;
      appendUser(prompt, [{ type: "text", text: "(What the tools above gave beside their text)" }, ...brought]);
      brought = [];
    } else {
      const parts = shown(message, "a message");
      const text = plainText(message);
      appendUser(prompt, text === "" && parts.length > 0 ? parts : [{ type: "text", text }, ...parts]);
    }
  }
  return prompt;
}

/** The instructions as one text, each section under its name. */
export function sectionsText(sections: ContextSection[]): string {
  return sections
    .filter((section) => section.text.trim() !== "")
    .map(
      (section) =>
        `# ${section.name}\n\n${section.isUntrusted ? wrapUntrusted(section.text, section.name) : section.text}`,
    )
    .join("\n\n");
}

function plainText(message: Extract<Message, { role: "user" | "summary" }>): string {
  const source = message.role === "user" ? (message.from ?? "a message") : "a summary";
  const text = message.isUntrusted ? wrapUntrusted(message.text, source) : message.text;
  if (message.role === "user") return text;
  const how = message.method === "model" ? "Summary of" : "Left out to fit the context:";
  return `[${how} ${message.messageCount} earlier messages]\n${text}`;
}

/** Chat templates of several models refuse two user turns in a row. */
function appendUser(prompt: LanguageModelV4Prompt, parts: PromptPart[]): void {
  const last = prompt.at(-1);
  const content = last?.role === "user" ? last.content : [];
  if (last?.role !== "user") prompt.push({ role: "user", content });
  for (const part of parts) {
    const lastPart = content.at(-1);
    if (part.type === "text" && lastPart?.type === "text") lastPart.text += `\n\n${part.text}`;
    else content.push(part);
  }
}

function userMessage(text: string): LanguageModelV4Message {
  return { role: "user", content: [{ type: "text", text }] };
}

function isAuthor(message: AssistantMessage, reader: PromptReader): boolean {
  return message.provider === reader.provider && message.model === reader.model;
}

/** Reasoning models get their earlier thinking with each tool call, in every later turn: several refuse requests without it. */
function thinkingOf(
  message: AssistantMessage,
  { reader, field }: { reader: PromptReader; field: string | undefined },
): { providerOptions?: SharedV4ProviderOptions } {
  if (reader.takesFields !== true || field === undefined || !hasCalls(message) || !isAuthor(message, reader)) return {};
  // Thinking that came inside the text had no field and is not sent back.
  const thought = message.reasoningField === undefined ? [] : (message.reasoning ?? []);
  const text = thought.map((block) => block.text).join("");
  return { providerOptions: { openaiCompatible: { [message.reasoningField ?? field]: text } } };
}

function assistantParts(message: AssistantMessage, reader: PromptReader): AssistantPart[] {
  const isOwn = isAuthor(message, reader);
  const parts: AssistantPart[] = [];
  if (isOwn && reader.takesFields !== true && hasCalls(message)) {
    for (const { text, providerMetadata } of message.reasoning ?? []) {
      parts.push({ type: "reasoning", text, ...providerOptions(providerMetadata) });
    }
  }
  const made = (message.parts ?? []).map((part) => `[you made: ${namePart(part)}]`);
  const text = [message.text, ...made].filter((line) => line !== "").join("\n");
  if (text !== "") parts.push({ type: "text", text });
  for (const call of message.toolCalls ?? []) {
    parts.push({
      type: "tool-call",
      toolCallId: wireCallId(call.toolCallId),
      toolName: wireToolName(call.toolName),
      input: argumentsObject(call),
      ...(isOwn ? providerOptions(call.providerMetadata) : {}),
    });
  }
  if (parts.length === 0) parts.push({ type: "text", text: "(no text)" });
  return parts;
}

function hasCalls({ toolCalls = [] }: AssistantMessage): boolean {
  return toolCalls.length > 0;
}

const callIdChars = 9;

/** Nine letters and digits, which every server takes; constant per call. */
function wireCallId(toolCallId: string): string {
  return createHash("sha256")
    .update(toolCallId)
    .digest("base64")
    .replace(/[^a-zA-Z0-9]/g, "")
    .slice(0, callIdChars);
}

/** A name invented by a model would invalidate every later request. */
export function wireToolName(name: string): string {
  return (
    plainToolName(name)
      .replace(/[^a-zA-Z0-9_-]/g, "_")
      .slice(0, 64) || "unnamed"
  );
}

function providerOptions(metadata: unknown): { providerOptions?: SharedV4ProviderOptions } {
  return metadata === undefined ? {} : { providerOptions: metadata as SharedV4ProviderOptions };
}

/** Servers parse the arguments and fail on invalid JSON, so that is wrapped in an object. */
function argumentsObject(call: ToolCallPart): unknown {
  const value = call.argumentsText === "" ? {} : parseArgumentsText(call.argumentsText);
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  return { unreadable_arguments: call.argumentsText.slice(0, argumentsShownCharsMax) };
}
