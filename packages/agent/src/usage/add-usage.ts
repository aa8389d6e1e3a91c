import type { TokenUsage } from "./token-usage.ts";

/** The sum of what was told; a field stays null only when neither side told it. */
export function addUsage(left: TokenUsage, right: TokenUsage): TokenUsage {
  return {
    inputTokens: add(left.inputTokens, right.inputTokens),
    outputTokens: add(left.outputTokens, right.outputTokens),
    cachedTokens: add(left.cachedTokens, right.cachedTokens),
    reasoningTokens: add(left.reasoningTokens, right.reasoningTokens),
  };
}

function add(left: number | null, right: number | null): number | null {
  return left === null ? right : right === null ? left : left + right;
}
