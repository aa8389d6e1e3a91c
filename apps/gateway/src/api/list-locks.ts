import { listLocks as readLocks } from "@roost/kernel";
import type { ApiHandler } from "../api-handler.ts";
import type { GatewayContext } from "../gateway-context.ts";
import { toWire } from "../records/to-wire.ts";

export function listLocks({ kernel }: GatewayContext): ApiHandler<"listLocks"> {
  return async ({ limit, after }) =>
    toWire(await readLocks(kernel, { limit, ...(after === undefined ? {} : { after }) }));
}
