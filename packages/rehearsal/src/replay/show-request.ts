/** A run's next step for a report: every text limited, and marked where untrusted. */
import type { ModelRequest } from "@roost/agent";
import { clipText, replayLimits, type ReplayReport, type ReplayRequest } from "@roost/contract/operations";

export type Next = NonNullable<ReplayReport["next"]>;

const nameCharsMax = 200;

export function showRequest(
  request: ModelRequest,
  { model, outputTokensMax }: { model: string; outputTokensMax: number },
): ReplayRequest {
  const { requestMessagesMax } = replayLimits;
  const messages = request.messages.slice(-requestMessagesMax);
  return {
    model: clipText(model || "none", nameCharsMax),
    outputTokensMax,
    sections: request.sections.map(({ name, text, isUntrusted }) => ({
      name: named(name),
      ...shown(text, isUntrusted),
    })),
    messagesLeftOut: request.messages.length - messages.length,
    messages: messages.map((message) => ({
      role: message.role,
      ...shown(message.text, message.role !== "assistant" && message.isUntrusted),
      ...(message.role === "tool" ? { toolName: named(message.toolName) } : {}),
      ...(message.role === "assistant" && message.toolCalls !== undefined
        ? {
            toolCalls: message.toolCalls.map(({ toolName, argumentsText }) => ({
              toolName: named(toolName),
              argumentsText: cut(argumentsText),
            })),
          }
        : {}),
    })),
    tools: request.tools.map(({ name, description }) => ({ name: named(name), description: cut(description) })),
  };
}

function shown(text: string, isUntrusted: boolean | undefined) {
  return { text: cut(text), charCount: text.length, isUntrusted: isUntrusted === true };
}

function cut(text: string): string {
  return clipText(text.toWellFormed(), replayLimits.requestTextCharsMax);
}

function named(name: string): string {
  return clipText(name, nameCharsMax) || "unnamed";
}
