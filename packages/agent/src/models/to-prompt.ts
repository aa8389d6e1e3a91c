// Turns Roost's transcript into the prompt of one provider. Anything a provider would refuse
// (unanswered calls, arguments that are not JSON, two user turns in a row) is put right here.

import type { LanguageModelV4Message, LanguageModelV4Prompt, SharedV4ProviderOptions } from "@ai-sdk/provider";
import type { ContextSection } from "../messages/agent-context.ts";
import { answerOrphans } from "../messages/answer-orphans.ts";
import type { AssistantMessage, Message, ToolCallPart } from "../messages/message.ts";
import { wrapUntrusted } from "../messages/wrap-untrusted.ts";

/** Who will read the prompt: reasoning and opaque metadata go back only to their author. */
export interface PromptReader {
  provider: string;
  model: string;
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
  const currentTurnStart = messages.findLastIndex((message) => message.role === "user");
  if (messages[0]?.role === "assistant") prompt.push(userMessage("(Earlier messages are not shown)"));
  for (const [index, message] of messages.entries()) {
    if (message.role === "assistant") {
      prompt.push({
        role: "assistant",
        content: assistantParts(message, { reader, isCurrentTurn: index > currentTurnStart }),
      });
    } else if (message.role === "tool") {
      const value = message.isUntrusted ? wrapUntrusted(message.text, `tool ${message.toolName}`) : message.text;
      prompt.push({
        role: "tool",
        content: [
          {
            type: "tool-result",
            toolCallId: message.toolCallId,
            toolName: message.toolName,
            output: { type: message.isError ? "error-text" : "text", value },
          },
        ],
      });
    } else {
      appendUserText(prompt, plainText(message));
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
  const source = message.role === "user" ? "a message" : "a summary";
  const text = message.isUntrusted ? wrapUntrusted(message.text, source) : message.text;
  if (message.role === "user") return text;
  const how = message.method === "model" ? "Summary of" : "Left out to fit the context:";
  return `[${how} ${message.messageCount} earlier messages]\n${text}`;
}

/** Chat templates of several models refuse two user turns in a row. */
function appendUserText(prompt: LanguageModelV4Prompt, text: string): void {
  const last = prompt.at(-1);
  const lastPart = last?.role === "user" ? last.content.at(-1) : undefined;
  if (lastPart?.type === "text") lastPart.text += `\n\n${text}`;
  else prompt.push(userMessage(text));
}

function userMessage(text: string): LanguageModelV4Message {
  return { role: "user", content: [{ type: "text", text }] };
}

function assistantParts(
  message: AssistantMessage,
  options: { reader: PromptReader; isCurrentTurn: boolean },
): AssistantPart[] {
  const isAuthor = message.provider === options.reader.provider && message.model === options.reader.model;
  const parts: AssistantPart[] = [];
  if (isAuthor && options.isCurrentTurn) {
    for (const { text, providerMetadata } of message.reasoning ?? []) {
      parts.push({ type: "reasoning", text, ...providerOptions(providerMetadata) });
    }
  }
  if (message.text !== "") parts.push({ type: "text", text: message.text });
  for (const call of message.toolCalls ?? []) {
    parts.push({
      type: "tool-call",
      toolCallId: call.toolCallId,
      toolName: call.toolName,
      input: argumentsObject(call),
      ...(isAuthor ? providerOptions(call.providerMetadata) : {}),
    });
  }
  if (parts.length === 0) parts.push({ type: "text", text: "(no text)" });
  return parts;
}

function providerOptions(metadata: unknown): { providerOptions?: SharedV4ProviderOptions } {
  return metadata === undefined ? {} : { providerOptions: metadata as SharedV4ProviderOptions };
}

/** Servers parse the arguments again and fail on what the model got wrong, so that is shown inside an object. */
function argumentsObject(call: ToolCallPart): unknown {
  try {
    const value: unknown = JSON.parse(call.argumentsText === "" ? "{}" : call.argumentsText);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  } catch {
    // Shown below as text.
  }
  return { unreadable_arguments: call.argumentsText.slice(0, argumentsShownCharsMax) };
}
