import { listSteps, listWaits, getRun as readRun } from "@roost/kernel";
import type { ApiHandler } from "../api-handler.ts";
import type { GatewayContext } from "../gateway-context.ts";
import { requireCursor } from "../records/require-cursor.ts";
import { requireUuid } from "../records/require-uuid.ts";
import { nextOf } from "../records/next-of.ts";
import { toRunRecord } from "../records/to-run-summary.ts";
import { toStepRecord } from "../records/to-step.ts";
import { toWaitRecord } from "../records/to-wait.ts";
import { readLocksOfRuns } from "../records/read-locks-of-runs.ts";

export function getRun({ kernel }: GatewayContext): ApiHandler<"getRun"> {
  return async ({ runId, limit, after }) => {
    const run = await readRun(kernel.database, requireUuid("run", runId));
    const [steps, waits, locks] = await Promise.all([
      listSteps(kernel.database, runId, {
        limit,
        ...(after === undefined ? {} : { after: Number(requireCursor("number", after)) }),
      }),
      listWaits(kernel.database, runId),
      readLocksOfRuns(kernel),
    ]);
    return {
      run: toRunRecord(run),
      steps: steps.map(toStepRecord),
      waits: waits.filter((wait) => wait.resolvedAt === null).map(toWaitRecord),
      holds: locks.get(runId) ?? [],
      next: nextOf(steps, limit, (step) => String(step.seq)),
    };
  };
}
