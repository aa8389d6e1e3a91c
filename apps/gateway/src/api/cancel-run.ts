import { cancelRun as requestCancel, getRun } from "@roost/kernel";
import type { ApiHandler } from "../api-handler.ts";
import type { GatewayContext } from "../gateway-context.ts";
import { requireUuid } from "../records/require-uuid.ts";
import { toRunSummary } from "../records/to-run-summary.ts";

export function cancelRun({ kernel }: GatewayContext): ApiHandler<"cancelRun"> {
  return async ({ runId, reason }, { principal }) => {
    requireUuid("run", runId);
    const { outcome } = await requestCancel(kernel, { runId, reason: reason ?? "asked for", by: principal.id });
    return { outcome, run: toRunSummary(await getRun(kernel.database, runId)) };
  };
}
