import { listTicks as readTicks } from "@roost/kernel";
import type { ApiHandler } from "../api-handler.ts";
import type { GatewayContext } from "../gateway-context.ts";
import { toTickRecord } from "../records/to-job.ts";

export function listTicks({ kernel }: GatewayContext): ApiHandler<"listTicks"> {
  return async ({ jobId, limit, after, outcome }) => {
    const page = await readTicks(kernel, {
      jobId,
      limit,
      ...(after === undefined ? {} : { after }),
      ...(outcome === undefined ? {} : { outcome }),
    });
    return { ticks: page.ticks.map(toTickRecord), next: page.next };
  };
}
