import { estimateTokens } from "../usage/estimate-tokens.ts";
import type { ModelRequest } from "./models.ts";
import { sectionsText } from "./to-prompt.ts";
import type { Message } from "../messages/message.ts";

/** What a provider adds around each message and each tool. */
const messageTokens = 6;
const toolTokens = 12;
/** The notice and the delimiters around untrusted content. */
const wrapTokens = 90;

/** Upper estimate of the tokens of a prompt as it will be sent. */
export function estimatePrompt(request: Pick<ModelRequest, "sections" | "messages" | "tools">): number {
  let tokens = messageTokens + estimateTokens(sectionsText(request.sections));
  for (const message of request.messages) tokens += estimateMessage(message);
  for (const tool of request.tools) {
    tokens +=
      toolTokens +
      estimateTokens(tool.name) +
      estimateTokens(tool.description) +
      estimateTokens(JSON.stringify(tool.inputSchema));
  }
  return tokens;
}

/** Upper estimate of the tokens of one message of the transcript. */
export function estimateMessage(message: Message): number {
  let tokens = messageTokens + estimateTokens(message.text);
  if (message.role !== "assistant") return message.isUntrusted ? tokens + wrapTokens : tokens;
  for (const call of message.toolCalls ?? [])
    tokens += toolTokens + estimateTokens(call.toolName) + estimateTokens(call.argumentsText);
  for (const block of message.reasoning ?? []) tokens += estimateTokens(block.text);
  return tokens;
}
