// Makes a transcript acceptable to every provider: each tool call has exactly one answer, right after the message with the call, and no answer
// stands without its call.

import type { Message, ToolMessage } from "./message.ts";

export const orphanText =
  "This call has no recorded result: the run ended before it was answered. It may or may not have happened";

/** Answers unanswered tool calls with a synthetic error, moves answers to their call, drops answers without a call. */
export function answerOrphans(messages: Message[]): Message[] {
  const result: Message[] = [];
  for (const [index, message] of messages.entries()) {
    if (message.role === "tool") continue;
    result.push(message);
    if (message.role !== "assistant") continue;
    const answers = answersAfter(messages, index);
    for (const call of message.toolCalls ?? []) {
      result.push(
        answers.get(call.toolCallId) ?? {
          role: "tool",
          toolCallId: call.toolCallId,
          toolName: call.toolName,
          text: orphanText,
          isError: true,
        },
      );
    }
  }
  return result;
}

/** The first answer to each call id between this assistant message and the next. */
function answersAfter(messages: Message[], index: number): Map<string, ToolMessage> {
  const answers = new Map<string, ToolMessage>();
  for (const message of messages.slice(index + 1)) {
    if (message.role === "assistant") break;
    if (message.role === "tool" && !answers.has(message.toolCallId)) answers.set(message.toolCallId, message);
  }
  return answers;
}
