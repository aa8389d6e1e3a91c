import { listRuns as readRuns } from "@roost/kernel";
import type { ApiHandler } from "../api-handler.ts";
import type { GatewayContext } from "../gateway-context.ts";
import { requireCursor } from "../records/require-cursor.ts";
import { requireUuid } from "../records/require-uuid.ts";
import { nextOf } from "../records/next-of.ts";
import { toRunSummary } from "../records/to-run-summary.ts";

export function listRuns({ kernel }: GatewayContext): ApiHandler<"listRuns"> {
  return async ({ state, jobId, sessionKey, sessionKind, parentRunId, after, limit }) => {
    const runs = await readRuns(kernel, {
      limit,
      ...(state === undefined ? {} : { states: state }),
      ...(jobId === undefined ? {} : { jobId }),
      ...(sessionKey === undefined ? {} : { sessionKey }),
      ...(sessionKind === undefined ? {} : { sessionKind }),
      ...(parentRunId === undefined ? {} : { parentRunId: requireUuid("run", parentRunId) }),
      ...(after === undefined ? {} : { after: requireCursor("uuid", after) }),
    });
    return { runs: runs.map(toRunSummary), next: nextOf(runs, limit, (run) => run.id) };
  };
}
