import { removeGroup as forgetGroup } from "@roost/kernel";
import type { ApiHandler } from "../api-handler.ts";
import type { GatewayContext } from "../gateway-context.ts";

export function removeGroup({ kernel }: GatewayContext): ApiHandler<"removeGroup"> {
  return async ({ group }, { principal }) => {
    await forgetGroup(kernel, { group, by: principal.id });
    return { removed: true };
  };
}
