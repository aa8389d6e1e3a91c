/**
 * Cool-downs of servers as all processes of a home share them, workers too: under the key of the provider, for the model that it is configured with. What
 * other models do there says nothing of it. A call waits for no statement: the store answers from memory.
 */
import type { CoolDownStore } from "@roost/agent";
import { toRoostError, type Logger } from "@roost/base";
import type { ModelTarget } from "./upstream.ts";

export interface CoolDownExchange {
  /** Takes over what others have learnt, where there is a choice. */
  adopt(candidates: readonly ModelTarget[]): Promise<void>;
  /** Tells others of a failure, or that it is over. */
  tell(target: ModelTarget): void;
}

export function shareCoolDowns(store: CoolDownStore | undefined, { logger }: { logger: Logger }): CoolDownExchange {
  const warn = (error: unknown) =>
    logger.warn("Cool-downs of model servers are not shared now", { reason: toRoostError(error).message });
  return {
    async adopt(candidates) {
      const own = candidates.filter(isOwnModel);
      if (store === undefined || candidates.length < 2 || own.length === 0) return;
      try {
        const known = await store.read(own.map(({ upstream }) => upstream.key));
        for (const { upstream } of own) {
          const told = known.get(upstream.key);
          if (told !== undefined && told.untilMs > (upstream.coolDown?.untilMs ?? 0)) upstream.coolDown = told;
        }
      } catch (error) {
        warn(error);
      }
    },
    tell(target) {
      if (store === undefined || !isOwnModel(target)) return;
      const { key, coolDown } = target.upstream;
      store.update(key, () => coolDown).catch(warn);
    },
  };
}

function isOwnModel({ upstream, model }: ModelTarget): boolean {
  return model === upstream.model;
}
