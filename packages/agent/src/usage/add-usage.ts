import type { TokenUsage } from "./token-usage.ts";

/** Sums what was reported; a field stays null only when neither side has it. */
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
