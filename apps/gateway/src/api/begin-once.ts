import { beginOnce as begin } from "@roost/kernel";
import type { ApiHandler } from "../api-handler.ts";
import type { GatewayContext } from "../gateway-context.ts";
import { toWire } from "../records/to-wire.ts";

export function beginOnce({ kernel }: GatewayContext): ApiHandler<"beginOnce"> {
  return async ({ purpose, ...request }) =>
    toWire(await begin(kernel, { ...request, ...(purpose === undefined ? {} : { purpose }) }));
}
