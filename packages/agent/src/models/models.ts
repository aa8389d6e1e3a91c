// The loop's view of models: one call that falls back across providers and throws only on abort. Implementation: ./open-models.ts.

import type { ErrorCode, JsonObject } from "@roost/base";
import type { ContextSection } from "../messages/agent-context.ts";
import type { AssistantMessage, Message } from "../messages/message.ts";
import type { ReserveSpend } from "../usage/spend.ts";
import type { KeepPart, ModelInput, ReadPart } from "./model-input.ts";
import type { CostSource, TokenUsage } from "../usage/token-usage.ts";

/** A tool as described to the model. */
export interface ToolDescription {
  name: string;
  description: string;
  inputSchema: JsonObject;
}

export interface ModelRequest {
  sections: ContextSection[];
  messages: Message[];
  tools: ToolDescription[];
  /** All tools that can be called, shown or not. Default: those shown. */
  toolNames?: readonly string[];
  /** The answer is JSON alone: of this schema, or an object. A server that does not take that is asked without. */
  answerFormat?: { name?: string; schema?: JsonObject } | undefined;
  /** The model has to call a tool: any of them, or this one. A server that does not take that is asked without. */
  toolChoice?: "required" | { toolName: string } | undefined;
  /** Output limit; default: by the provider's settings and context. */
  outputTokensMax?: number | undefined;
  /** A person is waiting: when all providers are cooling down, they are tried anyway, each at most once per `personRetryMsMin`. */
  isStartedByPerson?: boolean;
  /** The bytes of a part by its hash; without it parts by reference are named only. */
  readPart?: ReadPart | undefined;
  /** Keeps a picture or sound that the model made; without it such are left out. */
  keepPart?: KeepPart | undefined;
}

/**
 * What a watcher sees while a reply is written. `reset`: discard what was shown of this reply; another attempt follows, or it was thinking.
 * `remark`: news for a waiting person, such as a silent model.
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

/** `repetition`: Roost stopped a reply that went round in circles. */
export type FinishReason = "stop" | "length" | "content_filter" | "tool_calls" | "repetition" | "other";

/** A failed attempt with one provider. */
export interface FailedAttempt {
  provider: string;
  model: string;
  code: ErrorCode;
  /** HTTP status, if there was one. */
  status?: number | undefined;
  message: string;
  /** Whether text of this attempt was already shown. */
  hadDeltas: boolean;
}

export interface ModelReply {
  kind: "message";
  message: AssistantMessage;
  finishReason: FinishReason;
  /** The output limit of the reply. */
  outputTokensMax: number;
  /** The tokens after which the server cut it off before that limit. */
  cutAt?: number | undefined;
  /** Changes of the request that the server required, such as `asked without tools`. */
  mends?: string[] | undefined;
  /** A sentence for each part of the present turn that the model could not be shown, and for each that it made and that could not be kept. */
  leftOut?: string[];
  /** The text holds what looks like a call of a tool and could not be read as one. */
  hasUnreadCall?: boolean;
  usage: TokenUsage;
  costUsd: number | null;
  costSource: CostSource;
  savedUsd?: number;
  failedAttempts: FailedAttempt[];
}

export type ModelCallOutcome =
  | ModelReply
  /** The prompt does not fit: by our estimate before the call, or by the provider's answer. */
  | { kind: "context_exceeded"; source: "estimate" | "provider"; promptTokens: number; contextTokensMax: number }
  | { kind: "spend_refused"; cap: string; message: string }
  | {
      kind: "failed";
      code: ErrorCode;
      message: string;
      isRetryable: boolean;
      /** When the first provider is ready again, in ms since the epoch. */
      retryAtMs?: number | undefined;
      failedAttempts: FailedAttempt[];
    };

export interface ProviderDescription {
  id: string;
  kind: "openai-compatible" | "openrouter" | "language-model";
  model: string;
  url?: string | undefined;
  contextTokensMax: number;
  outputTokensMax: number;
  /** What it takes, as declared or found out. */
  input: readonly ModelInput[];
  isPriceKnown: boolean;
  state: "ready" | "cooling_down";
  /** During a cool-down: until when, after how many consecutive failures, and why. */
  coolDown?: { untilMs: number; failureCount: number; code: ErrorCode; message: string } | undefined;
}

/** Limits of model calls; units are in the names. */
export interface ModelLimits {
  /** A call is given up after this long without a byte, all attempts included. */
  silenceMsMax: number;
  /** The same for a server that is asked for one thing at a time: a processor reads a long prompt for minutes, without a byte. */
  smallSilenceMsMax: number;
  /** How long a model may be silent before a person is told, and told again. */
  silenceRemarkMs: number;
  /** For a server that shows signs of life but never finishes. */
  callMsMax: number;
  /** Text, reasoning and arguments together; the kernel limits what a step records. */
  replyCharsMax: number;
  bodyBytesMax: number;
  /** How long one call may wait in total for a provider to be ready. */
  waitMsMax: number;
  /** How often one call may go through the providers. */
  roundsMax: number;
  contextTokensMaxDefault: number;
  personRetryMsMin: number;
}

export const modelLimitDefaults: ModelLimits = {
  silenceMsMax: 180_000,
  smallSilenceMsMax: 600_000,
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
  /** The largest context of the providers, which a prompt must fit. */
  readonly contextTokensMax: number;
  /** What the first provider takes beside text, for estimates. */
  readonly input: readonly ModelInput[];
}
