import type { ApiHandler } from "../api-handler.ts";
import type { GatewayContext } from "../gateway-context.ts";

export function getConfig({ config }: GatewayContext): ApiHandler<"getConfig"> {
  return () => ({ entries: config });
}
