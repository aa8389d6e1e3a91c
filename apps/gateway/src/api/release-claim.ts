import { releaseClaim as giveUp } from "@roost/kernel";
import type { ApiHandler } from "../api-handler.ts";
import type { GatewayContext } from "../gateway-context.ts";
import { requireUuid } from "../records/require-uuid.ts";

export function releaseClaim({ kernel }: GatewayContext): ApiHandler<"releaseClaim"> {
  return ({ claimId }) => giveUp(kernel, requireUuid("claim", claimId));
}
