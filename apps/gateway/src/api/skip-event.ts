import { skipEvent as passOver } from "@roost/kernel";
import type { ApiHandler } from "../api-handler.ts";
import type { GatewayContext } from "../gateway-context.ts";

export function skipEvent({ kernel }: GatewayContext): ApiHandler<"skipEvent"> {
  return async (skip, { principal }) => passOver(kernel, { ...skip, by: principal.id });
}
