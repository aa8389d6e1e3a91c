import { getGroup as readGroup } from "@roost/kernel";
import type { ApiHandler } from "../api-handler.ts";
import type { GatewayContext } from "../gateway-context.ts";
import { toWire } from "../records/to-wire.ts";

export function getGroup({ kernel }: GatewayContext): ApiHandler<"getGroup"> {
  return async ({ group }) => ({ group: toWire(await readGroup(kernel.database, group)) });
}
