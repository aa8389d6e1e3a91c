import type { JsonValue } from "@roost/base";
import { serve, type Principal, type Served } from "@roost/contract";
import * as operations from "@roost/contract/operations";
import { beginOnce, failOnce, finishOnce, renewOnce, type Kernel, type OnceAnswer } from "@roost/kernel";
import { openText, toldTo, writerOf } from "../security/told-to.ts";
import { namedBy } from "../records/named-by.ts";
import { toWire } from "../records/to-wire.ts";

export function serveOnce({ kernel }: { kernel: Kernel }): Served[] {
  const answerTo = async (principal: Principal, { resultLabels, ...answer }: OnceAnswer) => {
    const results = answer.result === null ? [] : [answer.result];
    const [result = null] = await toldTo(kernel, principal, results, () =>
      kernel.labelSets.read(kernel.database, resultLabels),
    );
    return toWire({ ...answer, result });
  };
  return [
    serve(operations.beginOnce, async ({ holder, purpose, ...request }, { principal }) => {
      const said = { holder: namedBy(principal, holder), purpose: openText(principal, purpose) };
      return answerTo(principal, await beginOnce(kernel, { ...request, ...said, ...writerOf(principal) }));
    }),

    serve(operations.renewOnce, async ({ scope, key, token, ttlMs }) => {
      const { expiresAt } = await renewOnce(kernel, { scope, key, token, ttlMs });
      return { scope, key, expiresAt: expiresAt.toISOString() };
    }),

    serve(operations.finishOnce, async ({ result, ...outcome }, { principal }) => {
      const said = { ...outcome, result: (result ?? null) as JsonValue, labels: principal.run?.labels };
      return answerTo(principal, await finishOnce(kernel, said));
    }),

    serve(operations.failOnce, async ({ error, ...outcome }, { principal }) => {
      const { scope, key } = outcome;
      const { state } = await failOnce(kernel, { ...outcome, error, labels: principal.run?.labels });
      return { scope, key, state };
    }),
  ];
}
