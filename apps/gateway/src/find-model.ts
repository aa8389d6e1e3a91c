/** Which model the workers will find, told the way the status shows it. It calls no model. */
import { discoverModels } from "@roost/agent";
import { RoostError, toRoostError, type Logger } from "@roost/base";
import { nameCharsMax, reasonCharsMax } from "@roost/contract/operations";
import type { Settings } from "@roost/memory/settings";
import type { GatewayConfig } from "./config.ts";
import { withoutSecrets } from "./without-secrets.ts";

/** Which model thinks, as it was found at the start. */
export interface ModelFacts {
  mode: "live" | "rehearsal";
  provider: string | null;
  name: string | null;
  reason: string | null;
}

/** Settings win over the environment; a configuration that cannot be right is told and rehearsed with. */
export async function findModel(config: GatewayConfig, settings: Settings, logger: Logger): Promise<ModelFacts> {
  const [configured] = settings.models ?? [];
  if (configured !== undefined) {
    const { id, model } = configured;
    return { mode: "live", provider: id, name: model, reason: "set under models in roost.yaml" };
  }
  try {
    const { providers, source, notes } = await discoverModels({ config });
    const [provider] = providers;
    if (provider === undefined) throw new RoostError("internal", "No provider was found, not even the rehearsal");
    const url = config.ROOST_MODEL_URL ?? "";
    const told = notes.join("; ");
    const reason = (url === "" ? told : told.replaceAll(url.replace(/\/+$/, ""), withoutSecrets(url))).slice(
      0,
      reasonCharsMax,
    );
    if (provider.kind === "language-model") return { mode: "rehearsal", provider: null, name: null, reason };
    return { mode: "live", provider: source, name: provider.model.slice(0, nameCharsMax), reason };
  } catch (error) {
    const { message } = toRoostError(error);
    logger.warn("The model that was configured cannot be used", { error: message });
    return { mode: "rehearsal", provider: null, name: null, reason: message.slice(0, reasonCharsMax) };
  }
}
