/** Effects that happen once: begin, renew, finish, fail, and the list of them. */
import type { JsonValue } from "@roost/base";
import { placeOf, type Principal, serve, type Served, textPlace, toPage } from "@roost/contract";
import { openLabels, placedFor } from "@roost/contract/labels";
import * as operations from "@roost/contract/operations";
import {
  beginOnce,
  failOnce,
  finishOnce,
  listOnce,
  readRunLabels,
  renewOnce,
  type Kernel,
  type OnceAnswer,
  type OnceListRow,
} from "@roost/kernel";
import { z } from "zod";
import { openText, toldTo, writerOf } from "../security/told-to.ts";
import { namedBy } from "../records/named-by.ts";
import { toWire } from "../records/to-wire.ts";

const oncePlace = z.object({ scope: textPlace, key: textPlace });

export function serveOnce({ kernel }: { kernel: Kernel }): Served[] {
  const answerTo = async (principal: Principal, { resultLabels, ...answer }: OnceAnswer) => {
    const results = answer.result === null ? [] : [answer.result];
    const [result = null] = await toldTo(kernel, principal, results, () =>
      kernel.labelSets.read(kernel.database, resultLabels),
    );
    return toWire({ ...answer, result });
  };
  // A key is a text too: it is as good as the run that began it.
  const labelsOf = async ({ runId }: OnceListRow) =>
    runId === null ? openLabels : placedFor(await readRunLabels(kernel, runId), []);
  return [
    serve(operations.listOnce, async ({ limit, after, ...wanted }, { principal }) => {
      const { items, isMore } = await listOnce(kernel, { ...wanted, limit, after: placeOf(oncePlace, after) });
      const { scope, key } = items.at(-1) ?? {};
      return toPage(toWire(await toldTo(kernel, principal, items, labelsOf)), isMore ? { scope, key } : null);
    }),

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
