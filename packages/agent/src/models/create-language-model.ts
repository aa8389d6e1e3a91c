// Makes the provider package of a configuration, and what is known of its server beforehand. Sends nothing by itself.

import type { LanguageModelV4 } from "@ai-sdk/provider";
import type { ProviderConfig } from "./provider-config.ts";
import type { MendSetting } from "../wire/mend.ts";
import { outputNameId } from "../wire/output-limit-mend.ts";
import { noStreamId } from "../wire/mends.ts";
import { toolsAsText, toolsLeftOut, toolsMendId } from "../wire/tools-mend.ts";

export const openRouterUrl = "https://openrouter.ai/api/v1";

/** Loads the provider package of a configuration: a process without calls does not need it. Nothing is sent before the first call. */
export async function createLanguageModel(
  config: ProviderConfig,
  options: { fetch: typeof globalThis.fetch },
): Promise<LanguageModelV4> {
  if (config.kind === "language-model") return config.languageModel;
  if (config.kind === "openrouter") {
    const { createOpenRouter } = await import("@openrouter/ai-sdk-provider");
    const provider = createOpenRouter({
      apiKey: config.apiKey,
      baseURL: config.baseUrl ?? openRouterUrl,
      compatibility: "strict",
      appName: "Roost",
      fetch: options.fetch,
    });
    return provider.chat(config.model, { usage: { include: true } });
  }
  const { createOpenAICompatible } = await import("@ai-sdk/openai-compatible");
  const provider = createOpenAICompatible({
    // The package takes the part before the first dot as the name of its options.
    name: config.id.replaceAll(".", "-"),
    baseURL: config.baseUrl,
    ...(config.apiKey === undefined ? {} : { apiKey: config.apiKey }),
    ...(config.headers === undefined ? {} : { headers: config.headers }),
    includeUsage: true,
    supportsStructuredOutputs: true,
    fetch: options.fetch,
  });
  return provider.chatModel(config.model);
}

function isOpenAi(baseUrl: string): boolean {
  return URL.canParse(baseUrl) && new URL(baseUrl).hostname === "api.openai.com";
}

/** What is known of a server beforehand. OpenAI's reasoning models refuse `max_tokens`; all of its models take the other name. */
export function knownOf(config: ProviderConfig): [id: string, setting: MendSetting][] {
  const known: [string, MendSetting][] = [];
  if (config.tools === false) known.push([toolsMendId, toolsLeftOut]);
  if (config.tools === "text") known.push([toolsMendId, toolsAsText]);
  if (config.kind !== "openai-compatible") return known;
  if (config.streaming === false) known.push([noStreamId, "off"]);
  if (isOpenAi(config.baseUrl)) known.push([outputNameId, "max_completion_tokens"]);
  return known;
}
