import { listTicks, getJob as readJob } from "@roost/kernel";
import type { ApiHandler } from "../api-handler.ts";
import type { GatewayContext } from "../gateway-context.ts";
import { toJobRecord, toTickRecord } from "../records/to-job.ts";

const ticksShown = 20;

export function getJob({ kernel }: GatewayContext): ApiHandler<"getJob"> {
  return async ({ jobId }) => {
    const job = await readJob(kernel, jobId);
    const { ticks } = await listTicks(kernel, { jobId, limit: ticksShown });
    return { job: toJobRecord(job), ticks: ticks.map(toTickRecord) };
  };
}
