import { createEmbedder, type Embedder } from "@roost/agent";
import type { SecretSources } from "./read-secret.ts";
import { resolveSecret } from "./resolve-secret.ts";
import type { Settings } from "./settings.ts";

/** What the settings name; undefined: nothing. Its key is read when it is used: a home with a wrong one comes up, and recall goes by words. */
export function openEmbedder({ embeddings }: Settings, sources: SecretSources): Embedder | undefined {
  if (embeddings === undefined) return undefined;
  const { apiKey, tokensPerDayMax: _perDay, ...config } = embeddings;
  return {
    id: createEmbedder(config).id,
    embed: async (texts, options) =>
      createEmbedder({ ...config, apiKey: apiKey && (await resolveSecret(apiKey, sources)) }).embed(texts, options),
  };
}
