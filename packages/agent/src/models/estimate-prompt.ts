import { estimateTokens } from "../usage/estimate-tokens.ts";
import { estimatePart, inputDefault, partsOf, wrapTokens, type ModelInput } from "./model-input.ts";
import type { ModelRequest, ToolDescription } from "./models.ts";
import { sectionsText } from "./to-prompt.ts";
import type { Message } from "../messages/message.ts";

/** Tokens that a provider adds to each message and tool. */
const messageTokens = 6;
const toolTokens = 12;

/** Upper estimate of the tokens of a prompt as sent. */
export function estimatePrompt(
  request: Pick<ModelRequest, "sections" | "messages" | "tools">,
  input: readonly ModelInput[] = inputDefault,
): number {
  let tokens = messageTokens + estimateTokens(sectionsText(request.sections));
  for (const message of request.messages) tokens += estimateMessage(message, input);
  for (const tool of request.tools) tokens += estimateTool(tool);
  return tokens;
}

/** Estimates by description: tools are described by the same objects in every run. */
const toolEstimates = new WeakMap<ToolDescription, number>();

/** Upper estimate of the tokens of one tool's description. */
export function estimateTool(tool: ToolDescription): number {
  const known = toolEstimates.get(tool);
  if (known !== undefined) return known;
  const { name, description, inputSchema } = tool;
  const parts = [name, description, JSON.stringify(inputSchema)];
  const tokens = parts.reduce((sum, text) => sum + estimateTokens(text), toolTokens);
  toolEstimates.set(tool, tokens);
  return tokens;
}

/** Upper estimate of the tokens of one message. */
export function estimateMessage(message: Message, input: readonly ModelInput[] = inputDefault): number {
  let tokens = messageTokens + estimateTokens(message.text);
  if (message.role !== "assistant") {
    const isUntrusted = message.isUntrusted === true;
    for (const part of partsOf(message)) tokens += estimatePart(part, { input, isUntrusted }, estimateTokens);
    return isUntrusted ? tokens + wrapTokens : tokens;
  }
  for (const call of message.toolCalls ?? [])
    tokens += toolTokens + estimateTokens(call.toolName) + estimateTokens(call.argumentsText);
  // Thinking is sent back only with tool calls.
  if ((message.toolCalls ?? []).length === 0) return tokens;
  for (const block of message.reasoning ?? []) tokens += estimateTokens(block.text);
  return tokens;
}
