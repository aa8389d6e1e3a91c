// Reads tokens and cost from a provider's final report. Never computes token counts; computes a cost only from a configured price.

import type { LanguageModelV4Usage, SharedV4ProviderMetadata } from "@ai-sdk/provider";
import type { CostSource, TokenPrice, TokenUsage } from "./token-usage.ts";

export const noUsage: TokenUsage = {
  inputTokens: null,
  outputTokens: null,
  cachedTokens: null,
  reasoningTokens: null,
};

/** Tokens as reported. A provider package fills absent fields with 0, so absence is read from `raw` where possible. */
export function readUsage(usage: LanguageModelV4Usage | undefined): TokenUsage {
  if (usage === undefined) return noUsage;
  const raw = usage.raw as
    | {
        prompt_tokens?: unknown;
        completion_tokens?: unknown;
        prompt_tokens_details?: unknown;
        completion_tokens_details?: unknown;
      }
    | undefined;
  const isOpenAiShape =
    raw !== undefined && ("prompt_tokens" in raw || "completion_tokens" in raw || "total_tokens" in raw);
  const isTold = (field: keyof NonNullable<typeof raw>) =>
    !isOpenAiShape || (raw?.[field] !== undefined && raw[field] !== null);
  return {
    inputTokens: isTold("prompt_tokens") ? toldTokens(usage.inputTokens.total) : null,
    outputTokens: isTold("completion_tokens") ? toldTokens(usage.outputTokens.total) : null,
    cachedTokens: isTold("prompt_tokens_details") ? toldTokens(usage.inputTokens.cacheRead) : null,
    reasoningTokens: isTold("completion_tokens_details") ? toldTokens(usage.outputTokens.reasoning) : null,
  };
}

export interface CallCost {
  costUsd: number | null;
  costSource: CostSource;
  /** What the provider's cache saved, by the configured price or the listed one; left out when nothing, or not known. */
  savedUsd?: number;
}

/** The provider's reported cost, else the configured price times the reported tokens, else unknown. */
export function readCost(
  call: {
    usage: LanguageModelV4Usage | undefined;
    providerMetadata: SharedV4ProviderMetadata | undefined;
    tokens: TokenUsage;
  },
  { price, savingPrice = () => price }: { price: TokenPrice | undefined; savingPrice?: () => TokenPrice | undefined },
): CallCost {
  const saved = (call.tokens.cachedTokens ?? 0) > 0 ? savedOf(call.tokens, savingPrice()) : 0;
  return { ...costOf(call, price), ...(saved > 0 ? { savedUsd: saved } : {}) };
}

function costOf(
  call: Parameters<typeof readCost>[0],
  price: TokenPrice | undefined,
): Pick<CallCost, "costUsd" | "costSource"> {
  const told = toldCost(call.usage?.raw) ?? toldCost(metadataUsage(call.providerMetadata));
  if (told !== undefined) return { costUsd: told, costSource: "provider" };
  const { inputTokens, outputTokens, cachedTokens } = call.tokens;
  if (price === undefined || inputTokens === null || outputTokens === null)
    return { costUsd: null, costSource: "unknown" };
  const costUsd = priceOfTokens({ inputTokens, outputTokens, cachedTokens: cachedTokens ?? 0 }, price);
  return { costUsd, costSource: "configured_price" };
}

/** In US dollars; `cachedTokens` is the part of `inputTokens` from the provider's cache. */
export function priceOfTokens(
  { inputTokens, outputTokens, cachedTokens }: { inputTokens: number; outputTokens: number; cachedTokens: number },
  { inputUsd, outputUsd, cachedInputUsd = inputUsd }: TokenPrice,
): number {
  const cached = Math.min(cachedTokens, inputTokens);
  return ((inputTokens - cached) * inputUsd + cached * cachedInputUsd + outputTokens * outputUsd) / 1e6;
}

/** What the cache saved, in US dollars; 0 where its price is not known. */
export function savedOf(
  { inputTokens, cachedTokens }: Pick<TokenUsage, "inputTokens" | "cachedTokens">,
  price: TokenPrice | undefined,
): number {
  const cached = Math.min(cachedTokens ?? 0, inputTokens ?? 0);
  if (price === undefined) return 0;
  return Math.max(0, (cached * (price.inputUsd - (price.cachedInputUsd ?? price.inputUsd))) / 1e6);
}

/** With the user's own key at the upstream, a router's `cost` is only its fee: the upstream's charge is added. */
export function toldCost(usage: unknown): number | undefined {
  if (typeof usage !== "object" || usage === null) return undefined;
  const {
    cost,
    is_byok: isOwnKey,
    cost_details: details,
  } = usage as { cost?: unknown; is_byok?: unknown; cost_details?: { upstream_inference_cost?: unknown } | null };
  if (!isAmount(cost)) return undefined;
  const upstream = details?.upstream_inference_cost;
  return isOwnKey === true && isAmount(upstream) ? cost + upstream : cost;
}

function metadataUsage(metadata: SharedV4ProviderMetadata | undefined): unknown {
  return metadata?.["openrouter"]?.["usage"];
}

/** Higher reports are not believed, and the upper bound of the call applies. */
const usdPerCallMax = 10_000;
const tokensPerCallMax = 1_000_000_000;

function isAmount(value: unknown): value is number {
  return typeof value === "number" && value >= 0 && value <= usdPerCallMax;
}

/** Whole numbers: some servers report averages. Rounded up, so that a cap holds. */
export function toldTokens(value: unknown): number | null {
  return typeof value === "number" && value >= 0 && value <= tokensPerCallMax ? Math.ceil(value) : null;
}
