/** Models that are never asked: they take down what they would have been sent. */
import { openModels, type ModelRequest, type Models, type ProviderConfig } from "@roost/agent";
import type { Clock, Logger } from "@roost/base";

export interface SilentModels {
  open: (providers: ProviderConfig[]) => Models;
  /** The request that was taken down last, which is forgotten with this. */
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
