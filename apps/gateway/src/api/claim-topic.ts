import { claimTopic as claim } from "@roost/kernel";
import type { ApiHandler } from "../api-handler.ts";
import type { GatewayContext } from "../gateway-context.ts";
import { toWire } from "../records/to-wire.ts";

export function claimTopic({ kernel }: GatewayContext): ApiHandler<"claimTopic"> {
  return async ({ threshold, ...request }) =>
    toWire(await claim(kernel, { ...request, ...(threshold === undefined ? {} : { threshold }) }));
}
