/** Models that are never called: they record the request they would get. */
import { openModels, type ModelRequest, type Models, type ProviderConfig } from "@roost/agent";
import type { Clock, Logger } from "@roost/base";

export interface SilentModels {
  open: (providers: ProviderConfig[]) => Models;
  /** The last recorded request, which is then forgotten. */
  take(): ModelRequest | undefined;
}

export function createSilentModels(options: { clock: Clock; logger: Logger }): SilentModels {
  let last: ModelRequest | undefined;
  return {
    open: (providers) => ({
      ...openModels({ ...options, providers }),
      call: async (request) => {
        last = request;
        return { kind: "context_exceeded", source: "estimate", promptTokens: 0, contextTokensMax: 0 };
      },
    }),
    take() {
      const taken = last;
      last = undefined;
      return taken;
    },
  };
}
