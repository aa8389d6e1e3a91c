// What the loop asks of models: one call that falls back across providers and never throws except on abort.
// The implementation is ./open-models.ts.

import type { ErrorCode, JsonObject } from "@roost/base";
import type { ContextSection } from "../messages/agent-context.ts";
import type { AssistantMessage, Message } from "../messages/message.ts";
import type { ReserveSpend } from "../usage/spend.ts";
import type { CostSource, TokenUsage } from "../usage/token-usage.ts";

/** What the model is told about a tool. */
export interface ToolDescription {
  name: string;
  description: string;
  inputSchema: JsonObject;
}

export interface ModelRequest {
  sections: ContextSection[];
  messages: Message[];
  tools: ToolDescription[];
  /** At most so many; default: what the provider's settings and context allow. */
  outputTokensMax?: number | undefined;
  /** Somebody is waiting: when all providers are cooling down, they are tried anyway, each at most once per `personRetryMsMin`. */
  isStartedByPerson?: boolean;
}

/**
 * What a watcher is shown while a reply is being written. `reset`: drop what was shown of this reply, another attempt follows, or it
 * was thinking. `remark`: what a person who waits should know, such as that the model is silent.
 */
export type ModelDelta =
  | { type: "text"; text: string }
  | { type: "remark"; text: string }
  | { type: "reasoning"; text: string }
  | { type: "reset"; reason: string };

export interface ModelCallOptions {
  signal: AbortSignal;
  /** The step's name, for the reservation. */
  step: string;
  reserveSpend?: ReserveSpend | undefined;
  onDelta?: ((delta: ModelDelta) => void) | undefined;
}

export type FinishReason = "stop" | "length" | "content_filter" | "tool_calls" | "other";

/** One try of one provider that did not become the reply. */
export interface FailedAttempt {
  provider: string;
  model: string;
  code: ErrorCode;
  /** HTTP status, where there was one. */
  status?: number;
  message: string;
  /** Whether text of this attempt had already been shown. */
  hadDeltas: boolean;
}

export interface ModelReply {
  kind: "message";
  message: AssistantMessage;
  finishReason: FinishReason;
  /** The limit under which it was written. */
  outputTokensMax: number;
  /** How the request was changed so that the server takes it, such as `asked without tools`. */
  mends?: string[];
  usage: TokenUsage;
  costUsd: number | null;
  costSource: CostSource;
  failedAttempts: FailedAttempt[];
}

export type ModelCallOutcome =
  | ModelReply
  /** The prompt does not fit: by our estimate before the call, or because the provider said so. */
  | { kind: "context_exceeded"; source: "estimate" | "provider"; promptTokens: number; contextTokensMax: number }
  | { kind: "spend_refused"; cap: string; message: string }
  | {
      kind: "failed";
      code: ErrorCode;
      message: string;
      isRetryable: boolean;
      /** When the first provider is ready again, in ms since the epoch. */
      retryAtMs?: number;
      failedAttempts: FailedAttempt[];
    };

export interface ProviderDescription {
  id: string;
  kind: "openai-compatible" | "openrouter" | "language-model";
  model: string;
  url?: string;
  contextTokensMax: number;
  outputTokensMax: number;
  isPriceKnown: boolean;
  state: "ready" | "cooling_down";
  /** While cooling down: until when, after how many failures in a row, and why. */
  coolDown?: { untilMs: number; failureCount: number; code: ErrorCode; message: string };
}

/** Named limits of model calls; all in the unit that the name says. */
export interface ModelLimits {
  /** Without a single byte for this long, tries included, a call is given up. */
  silenceMsMax: number;
  /** How long a model may be silent before a person is told, and told again. */
  silenceRemarkMs: number;
  /** A server that shows signs of life and never answers. */
  callMsMax: number;
  /** Text, reasoning and arguments together; what is recorded of a step has its own limit in the kernel. */
  replyCharsMax: number;
  bodyBytesMax: number;
  /** How long one call may wait, in all, for a provider to be ready again. */
  waitMsMax: number;
  /** How often one call may go through the providers. */
  roundsMax: number;
  contextTokensMaxDefault: number;
  personRetryMsMin: number;
}

export const modelLimitDefaults: ModelLimits = {
  silenceMsMax: 180_000,
  silenceRemarkMs: 30_000,
  callMsMax: 3_600_000,
  replyCharsMax: 250_000,
  bodyBytesMax: 16 * 1024 * 1024,
  waitMsMax: 15_000,
  roundsMax: 4,
  contextTokensMaxDefault: 128_000,
  personRetryMsMin: 15_000,
};

export interface Models {
  /** @throws only the reason of `signal`, and what `reserveSpend` and `settle` throw. */
  call(request: ModelRequest, options: ModelCallOptions): Promise<ModelCallOutcome>;
  describe(): Promise<{ isRehearsal: boolean; providers: ProviderDescription[] }>;
  readonly limits: ModelLimits;
  /** The largest context of the providers: what a prompt must fit into. */
  readonly contextTokensMax: number;
}
