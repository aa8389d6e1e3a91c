/** Counts tokens as a current model's tokenizer does (o200k). Most of a context is the same in every run, so counts are cached. */
import type { ModelRequest } from "@roost/agent";
import type { ShownSource } from "@roost/contract/operations";
import { countTokens as countO200k } from "gpt-tokenizer/encoding/o200k_base";

type Message = ModelRequest["messages"][number];

/** Tokens that a provider adds to a message or tool. */
const frameTokens = 6;
const textsKeptMax = 2_000;

export interface TokenCounter {
  ofText(text: string): number;
  /** By source, in the order in which a model reads it. */
  ofRequest(request: Pick<ModelRequest, "sections" | "messages" | "tools">): ShownSource[];
}

export function createTokenCounter(): TokenCounter {
  const known = new Map<string, number>();
  const ofText = (text: string): number => {
    const before = known.get(text);
    if (before !== undefined) return before;
    if (known.size >= textsKeptMax) known.clear();
    const tokens = countO200k(text);
    known.set(text, tokens);
    return tokens;
  };
  const ofMessage = (message: Message): number => {
    const calls = message.role === "assistant" ? (message.toolCalls ?? []) : [];
    return calls.reduce(
      (sum, call) => sum + frameTokens + ofText(call.argumentsText),
      frameTokens + ofText(message.text),
    );
  };
  return {
    ofText,
    ofRequest({ sections, messages, tools }) {
      const asked = messages.findLastIndex((message) => message.role === "user");
      const conversation = messages.filter((_, index) => index !== asked);
      const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);
      const sources = [
        ...sections.map(({ name, text }) => ({ source: name, tokens: ofText(text) })),
        {
          source: "tools",
          tokens: sum(
            tools.map(
              (tool) => frameTokens + ofText(`${tool.name} ${tool.description} ${JSON.stringify(tool.inputSchema)}`),
            ),
          ),
        },
        { source: "conversation", tokens: sum(conversation.map(ofMessage)) },
        { source: "what is asked", tokens: messages[asked] === undefined ? 0 : ofMessage(messages[asked]) },
      ];
      return sources
        .filter(({ tokens }) => tokens > 0)
        .map(({ source, tokens }) => ({ source: source.slice(0, 200), tokens }));
    },
  };
}
