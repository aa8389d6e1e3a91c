import { acquireLock as takeLock } from "@roost/kernel";
import type { ApiHandler } from "../api-handler.ts";
import type { GatewayContext } from "../gateway-context.ts";
import { toWire } from "../records/to-wire.ts";

export function acquireLock({ kernel }: GatewayContext): ApiHandler<"acquireLock"> {
  return async ({ purpose, ...request }, { signal }) =>
    toWire(await takeLock(kernel, { ...request, ...(purpose === undefined ? {} : { purpose }) }, { signal }));
}
