import { getRun } from "@roost/kernel";
import type { ApiHandler } from "../api-handler.ts";
import type { GatewayContext } from "../gateway-context.ts";
import { requireUuid } from "../records/require-uuid.ts";

export function replayRun({ kernel, replays }: GatewayContext): ApiHandler<"replayRun"> {
  return async ({ runId, fromSeq }, { signal }) => {
    // No process for a run that is not there.
    const run = await getRun(kernel.database, requireUuid("run", runId));
    return replays.replay({ runId: run.id, fromSeq }, { signal });
  };
}
