import { claimTopic, listClaims, releaseClaim } from "@roost/claims";
import { serve, type Served } from "@roost/contract";
import * as operations from "@roost/contract/operations";
import type { Kernel } from "@roost/kernel";
import { namedBy } from "../records/named-by.ts";
import { placeOf, toPage, uuidPlace } from "../records/page.ts";
import { requireUuid } from "../records/require-uuid.ts";
import { toWire } from "../records/to-wire.ts";

export function serveClaims({ kernel }: { kernel: Kernel }): Served[] {
  return [
    serve(operations.listClaims, async ({ limit, after, scope }) => {
      const { claims, next } = await listClaims(kernel, {
        limit,
        after: placeOf(uuidPlace, after),
        scope,
      });
      return toPage(
        claims.map(({ claimId, ...claim }) => ({ id: claimId, ...toWire(claim) })),
        next,
      );
    }),

    serve(operations.claimTopic, async ({ by, ...request }, { principal }) => {
      const claim = { ...request, by: namedBy(principal, by), runId: principal.run?.id };
      const { labels: _ofOthers, ...answer } = await claimTopic(kernel, claim);
      return toWire(answer);
    }),

    serve(operations.releaseClaim, ({ claimId }) => releaseClaim(kernel, requireUuid("claim", claimId))),
  ];
}
