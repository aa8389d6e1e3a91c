import type { CallEstimate, TokenPrice } from "./token-usage.ts";

/** The most that a call can cost: the whole prompt uncached, or written to the cache, the longest reply. `costUsd` is null without a price. */
export function estimateCallMax(call: {
  promptTokens: number;
  maxOutputTokens: number;
  price?: TokenPrice | undefined;
}): CallEstimate {
  const { promptTokens, maxOutputTokens, price } = call;
  return {
    inputTokens: promptTokens,
    outputTokens: maxOutputTokens,
    costUsd:
      price === undefined
        ? null
        : (promptTokens * Math.max(price.inputUsd, price.cachedInputUsd ?? 0, price.cacheWriteUsd ?? 0) +
            maxOutputTokens * price.outputUsd) /
          1e6,
  };
}
