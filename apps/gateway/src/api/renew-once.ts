import { renewOnce as renew } from "@roost/kernel";
import type { ApiHandler } from "../api-handler.ts";
import type { GatewayContext } from "../gateway-context.ts";

export function renewOnce({ kernel }: GatewayContext): ApiHandler<"renewOnce"> {
  return async ({ scope, key, token, ttlMs }) => {
    const { expiresAt } = await renew(kernel, { scope, key, token, ttlMs });
    return { scope, key, expiresAt: expiresAt.toISOString() };
  };
}
