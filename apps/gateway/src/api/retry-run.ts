import { getRun, retryRun as startRetry } from "@roost/kernel";
import type { ApiHandler } from "../api-handler.ts";
import type { GatewayContext } from "../gateway-context.ts";
import { requireUuid } from "../records/require-uuid.ts";
import { toRunSummary } from "../records/to-run-summary.ts";

export function retryRun({ kernel }: GatewayContext): ApiHandler<"retryRun"> {
  return async ({ runId, reason }, { principal }) => {
    const created = await startRetry(kernel, {
      runId: requireUuid("run", runId),
      reason: reason ?? "asked for",
      by: principal.id,
    });
    return { run: toRunSummary(await getRun(kernel.database, created.runId)) };
  };
}
