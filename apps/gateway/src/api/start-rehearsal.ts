import type { ApiHandler } from "../api-handler.ts";
import type { GatewayContext } from "../gateway-context.ts";

export function startRehearsal({ rehearsals }: GatewayContext): ApiHandler<"startRehearsal"> {
  return ({ hours, from, jobs }) => ({
    rehearsal: rehearsals.start({ hours, fromMs: from === undefined ? undefined : Date.parse(from), jobs }),
  });
}
