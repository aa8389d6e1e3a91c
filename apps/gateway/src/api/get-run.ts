import { listSteps, listWaits, readGates, getRun as readRun, type Run } from "@roost/kernel";
import type { ApiHandler } from "../api-handler.ts";
import type { GatewayContext } from "../gateway-context.ts";
import { requireCursor } from "../records/require-cursor.ts";
import { requireUuid } from "../records/require-uuid.ts";
import { nextOf } from "../records/next-of.ts";
import { toRunRecord } from "../records/to-run-summary.ts";
import { toStepRecord } from "../records/to-step.ts";
import { toGateWaitRecord, toWaitRecord } from "../records/to-wait.ts";
import { readLocksOfRuns } from "../records/read-locks-of-runs.ts";

export function getRun({ kernel }: GatewayContext): ApiHandler<"getRun"> {
  return async ({ runId, limit, after }) => {
    const run = await readRun(kernel.database, requireUuid("run", runId));
    const [steps, waits, locks, gates] = await Promise.all([
      listSteps(kernel.database, runId, {
        limit,
        ...(after === undefined ? {} : { after: Number(requireCursor("number", after)) }),
      }),
      listWaits(kernel.database, runId),
      readLocksOfRuns(kernel),
      readGates(kernel.database, gatesOf(run)),
    ]);
    return {
      run: toRunRecord(run),
      steps: steps.map(toStepRecord),
      waits: [
        ...waits.filter((wait) => wait.resolvedAt === null).map(toWaitRecord),
        ...[...gates.values()].map(toGateWaitRecord),
      ],
      holds: locks.get(runId) ?? [],
      next: nextOf(steps, limit, (step) => String(step.seq)),
    };
  };
}

/** The gate at which it waits. */
function gatesOf({ waitingFor, slot, rate }: Run): string[] {
  return [waitingFor === "slot" ? slot : waitingFor === "rate" ? rate : null].filter((gate) => gate !== null);
}
