import type { JsonValue } from "@roost/base";
import { serve, type Served } from "@roost/contract";
import * as operations from "@roost/contract/operations";
import { beginOnce, failOnce, finishOnce, renewOnce, type Kernel, type OnceAnswer } from "@roost/kernel";
import { namedBy } from "../records/named-by.ts";
import { toWire } from "../records/to-wire.ts";

export function serveOnce({ kernel }: { kernel: Kernel }): Served[] {
  return [
    serve(operations.beginOnce, async ({ holder, ...request }, { principal }) =>
      answerOf(await beginOnce(kernel, { ...request, holder: namedBy(principal, holder), runId: principal.run?.id })),
    ),

    serve(operations.renewOnce, async ({ scope, key, token, ttlMs }) => {
      const { expiresAt } = await renewOnce(kernel, { scope, key, token, ttlMs });
      return { scope, key, expiresAt: expiresAt.toISOString() };
    }),

    serve(operations.finishOnce, async ({ result, keepMs, ...outcome }) =>
      answerOf(
        await finishOnce(kernel, {
          ...outcome,
          result: (result ?? null) as JsonValue,
          keepMs,
        }),
      ),
    ),

    serve(operations.failOnce, async ({ error, ...outcome }) => {
      const { scope, key } = outcome;
      const { state } = await failOnce(kernel, { ...outcome, error });
      return { scope, key, state };
    }),
  ];
}

function answerOf({ resultLabels: _labels, ...answer }: OnceAnswer) {
  return toWire(answer);
}
