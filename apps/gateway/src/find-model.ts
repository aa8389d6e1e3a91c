/** Which model the workers will find, told the way the status shows it. It calls no model. */
import { discoverModels } from "@roost/agent";
import { RoostError, toRoostError, type Logger } from "@roost/base";
import type { Settings } from "@roost/memory/settings";
import type { GatewayConfig } from "./config.ts";
import type { ModelFacts } from "./gateway-context.ts";

/** Settings win over the environment; a configuration that cannot be right is told and rehearsed with. */
export async function findModel(config: GatewayConfig, settings: Settings, logger: Logger): Promise<ModelFacts> {
  const [configured] = settings.models ?? [];
  if (configured !== undefined) {
    return { mode: "live", provider: configured.id, name: configured.model, reason: "set under models in roost.yaml" };
  }
  try {
    const { providers, source, notes } = await discoverModels({ config });
    const [provider] = providers;
    if (provider === undefined) throw new RoostError("internal", "No provider was found, not even the rehearsal");
    const reason = notes.join("; ").slice(0, 2_000);
    if (provider.kind === "language-model") return { mode: "rehearsal", provider: null, name: null, reason };
    return { mode: "live", provider: source, name: provider.model, reason };
  } catch (error) {
    const { message } = toRoostError(error);
    logger.warn("The model that was configured cannot be used", { error: message });
    return { mode: "rehearsal", provider: null, name: null, reason: message };
  }
}
