/** How a provider is configured, and the key by which its failures are remembered. */
import type { LanguageModelV4 } from "@ai-sdk/provider";
import { isOnThisMachine, localServerUrls } from "./local-server-urls.ts";
import type { ModelInput } from "./model-input.ts";
import { modelLimitDefaults, type ModelLimits } from "./models.ts";
import type { TokenPrice } from "../usage/token-usage.ts";
import { createHash } from "node:crypto";
import { hostname } from "node:os";

interface ProviderCommon {
  /** Unique among the providers; shown to people. */
  id: string;
  price?: TokenPrice | undefined;
  /** Prompt and reply together. Default: `contextTokensMaxDefault` of the models' limits. */
  contextTokensMax?: number | undefined;
  /** The output limit. Default: by the model's name and context (output-tokens.ts). */
  outputTokensMax?: number | undefined;
  /** The model is given up after this long without a sign of life. Default: by its server (silenceMsMaxOf). */
  silenceMsMax?: number | undefined;
  temperature?: number | undefined;
  /** Its server is asked for one thing at a time. Default: at the ports of Ollama, llama.cpp and LM Studio on this machine. */
  oneAtATime?: boolean | undefined;
  /** False: none are offered. `text`: they are described as text, for models that cannot call them otherwise; also after a refusal. */
  tools?: boolean | "text" | undefined;
  /** What the model is asked to make beside text. Default: nothing. */
  output?: readonly ("image" | "audio")[] | undefined;
  /** What the model takes. Default: text and images, as far as its server does. */
  input?: readonly ModelInput[] | undefined;
}

/** A server with `/chat/completions`: OpenAI, Ollama, llama.cpp, vLLM, LiteLLM and similar. */
export interface OpenAiCompatibleConfig extends ProviderCommon {
  kind: "openai-compatible";
  /** Up to and including `/v1`. */
  baseUrl: string;
  apiKey?: string | undefined;
  model: string;
  headers?: Record<string, string> | undefined;
  /** False for servers that cannot stream. Default true; after a refusal the request is repeated without. */
  streaming?: boolean | undefined;
}

export interface OpenRouterConfig extends ProviderCommon {
  kind: "openrouter";
  apiKey: string;
  model: string;
  baseUrl?: string | undefined;
}

/** Any LanguageModelV4: the rehearsal model, a mock, another vendor's package. */
export interface LanguageModelConfig extends ProviderCommon {
  kind: "language-model";
  languageModel: LanguageModelV4;
  isRehearsal?: boolean | undefined;
}

export type ProviderConfig = OpenAiCompatibleConfig | OpenRouterConfig | LanguageModelConfig;

const fingerprintChars = 12;

/** Key of a provider's cool-down. Includes the address, the key and the model, so that a corrected key is tried at once. */
export function providerKey(config: ProviderConfig): string {
  if (config.kind === "language-model") return config.id;
  const parts = [config.kind, config.baseUrl ?? "", config.apiKey ?? "", config.model];
  return `${config.id}:${createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, fingerprintChars)}`;
}

const ownPorts: ReadonlySet<string> = new Set(Object.values(localServerUrls).map((url) => new URL(url).port));

/**
 * The server that is asked for one thing at a time, shared by all models on it and by all who reach it; undefined: as many as come. A server of this
 * machine is named by the machine: each host of a home has its own.
 */
export function queuedServerOf(config: ProviderConfig, machine = hostname()): string | undefined {
  const baseUrl = config.kind === "language-model" ? undefined : config.baseUrl;
  const url = baseUrl === undefined ? null : URL.parse(baseUrl);
  if (url === null) return undefined;
  const isOwn = isOnThisMachine(url.href);
  if (!(config.oneAtATime ?? (isOwn && ownPorts.has(url.port)))) return undefined;
  return isOwn ? `${machine}:${url.port}` : url.host;
}

/** How long a model may be silent where its configuration says nothing. */
export function silenceMsMaxOf(
  queuedServer: string | undefined,
  { silenceMsMax, smallSilenceMsMax }: Pick<ModelLimits, "silenceMsMax" | "smallSilenceMsMax"> = modelLimitDefaults,
): number {
  return queuedServer === undefined ? silenceMsMax : smallSilenceMsMax;
}
