import type { ProviderConfig } from "@roost/agent";

/** A provider that is called over the network. */
export type WiredProvider = Exclude<ProviderConfig, { kind: "language-model" }>;

export function wiredProviders(providers: readonly ProviderConfig[]): WiredProvider[] {
  return providers.filter((provider): provider is WiredProvider => provider.kind !== "language-model");
}
