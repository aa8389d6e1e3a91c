/** Finds the models that the workers would use, with prices and limits, without secrets and without any request. */
import { rehearsalProvider, type ProviderConfig } from "@roost/agent";
import type { Settings } from "@roost/memory/settings";

/** The gateway's model when the settings name none; null: there is none. */
export interface ModelOfHome {
  provider: string;
  name: string;
}

const nowhere = "http://127.0.0.1:9/v1";

export function findProviders(settings: Settings, found: ModelOfHome | null): ProviderConfig[] {
  const configured = (settings.models ?? []).map(
    ({ id, model, price, contextTokensMax, outputTokensMax, temperature }): ProviderConfig => ({
      kind: "openai-compatible",
      baseUrl: nowhere,
      id,
      model,
      price,
      contextTokensMax,
      outputTokensMax,
      temperature,
    }),
  );
  if (configured.length > 0) return configured;
  if (found === null) return [rehearsalProvider()];
  return [{ kind: "openai-compatible", baseUrl: nowhere, id: found.provider, model: found.name }];
}

/** Whether costs in money are known. */
export function isPriceKnown(providers: readonly ProviderConfig[]): boolean {
  return providers.some((provider) => provider.price !== undefined && !isStandIn(provider));
}

/** Whether it is only the rehearsal model. */
export function isStandIn(provider: ProviderConfig): boolean {
  return provider.kind === "language-model" && provider.isRehearsal === true;
}
