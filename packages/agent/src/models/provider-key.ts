import { createHash } from "node:crypto";
import type { ProviderConfig } from "./provider-config.ts";

const fingerprintChars = 12;

/** Key of a provider's cool-down. Includes the address, the key and the model, so that a corrected key is tried at once. */
export function providerKey(config: ProviderConfig): string {
  if (config.kind === "language-model") return config.id;
  const parts = [config.kind, config.baseUrl ?? "", config.apiKey ?? "", config.model];
  return `${config.id}:${createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, fingerprintChars)}`;
}
