import { listGroups as readGroups } from "@roost/kernel";
import type { ApiHandler } from "../api-handler.ts";
import type { GatewayContext } from "../gateway-context.ts";
import { nextOf } from "../records/next-of.ts";
import { toWire } from "../records/to-wire.ts";

export function listGroups({ kernel }: GatewayContext): ApiHandler<"listGroups"> {
  return async ({ limit, after }) => {
    const groups = await readGroups(kernel.database, { limit, after });
    return { groups: toWire(groups), next: nextOf(groups, limit, ({ name }) => name) };
  };
}
