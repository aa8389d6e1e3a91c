import { releaseLock as giveBack } from "@roost/kernel";
import type { ApiHandler } from "../api-handler.ts";
import type { GatewayContext } from "../gateway-context.ts";

export function releaseLock({ kernel }: GatewayContext): ApiHandler<"releaseLock"> {
  return (lock) => giveBack(kernel, lock);
}
