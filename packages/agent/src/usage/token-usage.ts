// What a model call used and cost, as the provider itself said it. `null` means "the provider did
// not say": nothing here is ever invented. Estimates live in ./call-estimate.ts and say so.

/** Tokens of one or many model calls; `null` = the provider did not say. */
export interface TokenUsage {
  inputTokens: number | null;
  outputTokens: number | null;
  /** The part of `inputTokens` that was read from the provider's cache. */
  cachedTokens: number | null;
  /** The part of `outputTokens` that was reasoning. */
  reasoningTokens: number | null;
}

/** What a step used, and which model it was that answered; of several calls, the last. */
export interface StepUsage extends TokenUsage {
  model?: string;
  provider?: string;
}

/** Where a cost comes from: the provider's own `cost`, the configured price, or nowhere. */
export type CostSource = "provider" | "configured_price" | "unknown";

/** US dollars per million tokens. `cachedInputUsd` defaults to `inputUsd`. */
export interface TokenPrice {
  inputUsd: number;
  outputUsd: number;
  cachedInputUsd?: number | undefined;
}

/** The most that one model call may use, known before it is made. `costUsd` is null when no price is known. */
export interface CallEstimate {
  inputTokens: number;
  outputTokens: number;
  costUsd: number | null;
}

/** What one model call did use; `isEstimated` when the provider did not say and the numbers are an upper estimate. */
export interface CallActual {
  inputTokens: number;
  outputTokens: number;
  costUsd: number | null;
  isEstimated: boolean;
}
