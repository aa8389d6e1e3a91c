import type { LanguageModelV4 } from "@ai-sdk/provider";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { createOpenRouter } from "@openrouter/ai-sdk-provider";
import type { ProviderConfig } from "./provider-config.ts";
import { createStreamingFetch } from "./streaming-fetch.ts";

export const openRouterUrl = "https://openrouter.ai/api/v1";

/** The provider package behind a configuration. Nothing is sent before the first call. */
export function createLanguageModel(
  config: ProviderConfig,
  options: { fetch: typeof globalThis.fetch; bodyBytesMax: number },
): LanguageModelV4 {
  if (config.kind === "language-model") return config.languageModel;
  if (config.kind === "openrouter") {
    const provider = createOpenRouter({
      apiKey: config.apiKey,
      baseURL: config.baseUrl ?? openRouterUrl,
      compatibility: "strict",
      appName: "Roost",
      fetch: options.fetch,
    });
    return provider.chat(config.model, { usage: { include: true } });
  }
  const provider = createOpenAICompatible({
    // The package reads what stands before the first dot as the name of its options.
    name: config.id.replaceAll(".", "-"),
    baseURL: config.baseUrl,
    ...(config.apiKey === undefined ? {} : { apiKey: config.apiKey }),
    ...(config.headers === undefined ? {} : { headers: config.headers }),
    includeUsage: true,
    fetch: createStreamingFetch({
      fetch: options.fetch,
      streaming: config.streaming ?? true,
      bodyBytesMax: options.bodyBytesMax,
    }),
    ...(isOpenAi(config.baseUrl) ? { transformRequestBody: asOpenAiWantsIt } : {}),
  });
  return provider.chatModel(config.model);
}

function isOpenAi(baseUrl: string): boolean {
  return URL.canParse(baseUrl) && new URL(baseUrl).hostname === "api.openai.com";
}

/** OpenAI's reasoning models refuse `max_tokens`; all of its models take `max_completion_tokens`. */
function asOpenAiWantsIt(body: Record<string, unknown>): Record<string, unknown> {
  const { max_tokens: maxTokens, ...rest } = body;
  return maxTokens === undefined ? rest : { ...rest, max_completion_tokens: maxTokens };
}
