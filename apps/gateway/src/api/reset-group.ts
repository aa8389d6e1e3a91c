import { resetGroup as moveGroup, type ResetTarget } from "@roost/kernel";
import type { ApiHandler } from "../api-handler.ts";
import type { GatewayContext } from "../gateway-context.ts";

export function resetGroup({ kernel }: GatewayContext): ApiHandler<"resetGroup"> {
  return async ({ group, to, offset, since, topic, partition, force }, { principal }) => {
    const target: ResetTarget =
      offset !== undefined
        ? { kind: "offset", offset }
        : since !== undefined
          ? { kind: "time", time: new Date(since) }
          : { kind: to ?? "earliest" };
    return {
      moved: await moveGroup(kernel, { group, to: target, topic, partition, by: principal.id, isForced: force }),
    };
  };
}
