import type { LanguageModelV4 } from "@ai-sdk/provider";
import type { TokenPrice } from "../usage/token-usage.ts";

interface ProviderCommon {
  /** Unique among the providers; the name that people see. */
  id: string;
  price?: TokenPrice;
  /** Prompt and reply together. Default: `contextTokensMaxDefault` of the models' limits. */
  contextTokensMax?: number;
  /** The longest reply that is asked for. Default: by the model's name and context (output-tokens.ts). */
  outputTokensMax?: number;
  /** Without a sign of life for this long the model is given up. Default: `silenceMsMax` of the models' limits. */
  silenceMsMax?: number;
  temperature?: number;
  /** False for models that cannot call tools: they are asked without. */
  tools?: boolean;
}

/** A server that speaks `/chat/completions`: OpenAI, Ollama, llama.cpp, vLLM, LiteLLM and their like. */
export interface OpenAiCompatibleConfig extends ProviderCommon {
  kind: "openai-compatible";
  /** Up to and including `/v1`. */
  baseUrl: string;
  apiKey?: string;
  model: string;
  headers?: Record<string, string>;
  /** False for servers that cannot stream. Default true; a server that refuses is asked again without. */
  streaming?: boolean;
}

export interface OpenRouterConfig extends ProviderCommon {
  kind: "openrouter";
  apiKey: string;
  model: string;
  baseUrl?: string;
}

/** Any LanguageModelV4: the rehearsal model, a mock, another vendor's package. */
export interface LanguageModelConfig extends ProviderCommon {
  kind: "language-model";
  languageModel: LanguageModelV4;
  isRehearsal?: boolean;
}

export type ProviderConfig = OpenAiCompatibleConfig | OpenRouterConfig | LanguageModelConfig;
