import type { ApiHandler } from "../api-handler.ts";
import type { GatewayContext } from "../gateway-context.ts";

export function getRehearsal({ rehearsals }: GatewayContext): ApiHandler<"getRehearsal"> {
  return ({ rehearsalId }) => rehearsals.get(rehearsalId);
}
