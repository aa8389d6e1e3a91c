import { listClaims as readClaims } from "@roost/kernel";
import type { ApiHandler } from "../api-handler.ts";
import type { GatewayContext } from "../gateway-context.ts";
import { requireCursor } from "../records/require-cursor.ts";
import { toWire } from "../records/to-wire.ts";

export function listClaims({ kernel }: GatewayContext): ApiHandler<"listClaims"> {
  return async ({ limit, after, scope }) => {
    const page = await readClaims(kernel, {
      limit,
      ...(after === undefined ? {} : { after: requireCursor("uuid", after) }),
      ...(scope === undefined ? {} : { scope }),
    });
    return { claims: page.claims.map(({ claimId, ...claim }) => ({ id: claimId, ...toWire(claim) })), next: page.next };
  };
}
