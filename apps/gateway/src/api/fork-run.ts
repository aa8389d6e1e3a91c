import { getRun, forkRun as startFork } from "@roost/kernel";
import type { JsonObject } from "@roost/base";
import type { ApiHandler } from "../api-handler.ts";
import type { GatewayContext } from "../gateway-context.ts";
import { requireUuid } from "../records/require-uuid.ts";
import { toRunSummary } from "../records/to-run-summary.ts";

export function forkRun({ kernel }: GatewayContext): ApiHandler<"forkRun"> {
  return async ({ runId, fromSeq, input, reason }, { principal }) => {
    const created = await startFork(kernel, {
      runId: requireUuid("run", runId),
      fromSeq,
      reason: reason ?? "asked for",
      by: principal.id,
      ...(input === undefined ? {} : { input: input as JsonObject }),
    });
    return { run: toRunSummary(await getRun(kernel.database, created.runId)) };
  };
}
