// Usage and cost of a model call as reported by the provider. `null` means not reported. Estimates are in
// ./estimate-call-max.ts.

/** Tokens of one or many model calls; `null` = not reported. */
export interface TokenUsage {
  inputTokens: number | null;
  outputTokens: number | null;
  /** The part of `inputTokens` from the provider's cache. */
  cachedTokens: number | null;
  /** The part of `outputTokens` that was reasoning. */
  reasoningTokens: number | null;
}

/** A step's usage and the model that answered; for several calls, the last. */
export interface StepUsage extends TokenUsage {
  /** What the provider's cache saved, in US dollars, where it is known. */
  savedUsd?: number;
  model?: string;
  provider?: string;
  /** A provider did not report: what is missing is an upper estimate. */
  isEstimated?: boolean;
}

/** Where a cost comes from: the provider's own `cost`, the configured price, or nowhere. */
export type CostSource = "provider" | "configured_price" | "unknown";

/** US dollars per million tokens. `cachedInputUsd` defaults to `inputUsd`. */
export interface TokenPrice {
  inputUsd: number;
  outputUsd: number;
  cachedInputUsd?: number | undefined;
  /** Of tokens that a provider writes to its cache, where that costs more than reading them. */
  cacheWriteUsd?: number | undefined;
}

/** The most that one model call may use, known beforehand. `costUsd` is null when no price is known. */
export interface CallEstimate {
  inputTokens: number;
  outputTokens: number;
  costUsd: number | null;
}

/** What one model call used; `isEstimated` when the provider did not report and the numbers are an upper estimate. */
export interface CallActual {
  inputTokens: number;
  outputTokens: number;
  costUsd: number | null;
  isEstimated: boolean;
}
