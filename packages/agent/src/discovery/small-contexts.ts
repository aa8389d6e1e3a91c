/** How much the models on this machine read, and what is said of one that reads too little. */
import { isOnThisMachine } from "../models/local-server-urls.ts";
import type { ProviderConfig } from "../models/provider-config.ts";
import { createProbe, type Probe } from "../wire/probe.ts";
import { probeConfigured } from "./probe-local-servers.ts";

/** What a first conversation needs (docs/models.md). */
const contextTokensWanted = 8192;
const ollamaPort = "11434";

/**
 * The same providers, with the context that a server on this machine tells where the settings tell none: Ollama cuts what is longer without a word,
 * other servers refuse it, which tells the size.
 */
export function probeContexts(
  providers: readonly ProviderConfig[],
  probe: Probe = createProbe(),
): Promise<ProviderConfig[]> {
  return Promise.all(
    providers.map(async (provider) => {
      if (provider.kind !== "openai-compatible" || provider.contextTokensMax !== undefined) return provider;
      const { baseUrl, model, apiKey } = provider;
      if (!isOnThisMachine(baseUrl)) return provider;
      const list = await probe.json(`${baseUrl}/models`, apiKey === undefined ? {} : { apiKey });
      const { contextTokensMax } = await probeConfigured(baseUrl, { probe, list, model });
      return contextTokensMax === undefined ? provider : { ...provider, contextTokensMax };
    }),
  );
}

/** One line for each model that reads too little, the first model's like that of a model that was found. */
export function tellSmallContexts(providers: readonly ProviderConfig[]): string[] {
  return providers.flatMap((provider, index) => {
    const whose = index === 0 || provider.kind === "language-model" ? "its context" : `the context of ${provider.id}`;
    return smallContextNote(provider, whose) ?? [];
  });
}

export function smallContextNote(provider: ProviderConfig, whose = "its context"): string | undefined {
  const { contextTokensMax = Infinity } = provider;
  if (contextTokensMax >= contextTokensWanted) return undefined;
  const larger =
    provider.kind === "openai-compatible" && URL.parse(provider.baseUrl)?.port === ollamaPort
      ? "start Ollama with OLLAMA_CONTEXT_LENGTH=32768, load the model"
      : "start the server with a larger one, as in llama-server -c 32768 (docs/models.md)";
  return `${whose} is ${contextTokensMax} tokens, which is too little for an agent; ${larger}, and restart Roost`;
}
