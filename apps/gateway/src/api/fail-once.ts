import { failOnce as fail } from "@roost/kernel";
import type { ApiHandler } from "../api-handler.ts";
import type { GatewayContext } from "../gateway-context.ts";

export function failOnce({ kernel }: GatewayContext): ApiHandler<"failOnce"> {
  return async ({ scope, key, token, error, isUnknown }) => {
    const { state } = await fail(kernel, { scope, key, token, isUnknown, ...(error === undefined ? {} : { error }) });
    return { scope, key, state };
  };
}
