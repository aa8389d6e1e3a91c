import { renewLock as keepLock } from "@roost/kernel";
import type { ApiHandler } from "../api-handler.ts";
import type { GatewayContext } from "../gateway-context.ts";
import { toWire } from "../records/to-wire.ts";

export function renewLock({ kernel }: GatewayContext): ApiHandler<"renewLock"> {
  return async (lock) => toWire(await keepLock(kernel, lock));
}
