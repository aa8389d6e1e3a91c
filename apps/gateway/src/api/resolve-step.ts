import type { JsonValue } from "@roost/base";
import { getRun, resolveStep as recordResolution } from "@roost/kernel";
import type { ApiHandler } from "../api-handler.ts";
import type { GatewayContext } from "../gateway-context.ts";
import { requireUuid } from "../records/require-uuid.ts";
import { toRunSummary } from "../records/to-run-summary.ts";
import { toStepRecord } from "../records/to-step.ts";

export function resolveStep({ kernel }: GatewayContext): ApiHandler<"resolveStep"> {
  return async ({ runId, seq, outcome, note, output }, { principal }) => {
    const step = await recordResolution(kernel, {
      runId: requireUuid("run", runId),
      seq,
      outcome,
      note: note ?? "",
      by: principal.id,
      ...(output === undefined ? {} : { output: output as JsonValue }),
    });
    return { step: toStepRecord(step), run: toRunSummary(await getRun(kernel.database, runId)) };
  };
}
