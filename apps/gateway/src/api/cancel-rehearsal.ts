import type { ApiHandler } from "../api-handler.ts";
import type { GatewayContext } from "../gateway-context.ts";

export function cancelRehearsal({ rehearsals }: GatewayContext): ApiHandler<"cancelRehearsal"> {
  return async ({ rehearsalId }) => ({ rehearsal: await rehearsals.cancel(rehearsalId) });
}
