import { getJob, pauseJob as recordPause } from "@roost/kernel";
import type { ApiHandler } from "../api-handler.ts";
import type { GatewayContext } from "../gateway-context.ts";
import { toJobRecord } from "../records/to-job.ts";

export function pauseJob({ kernel }: GatewayContext): ApiHandler<"pauseJob"> {
  return async ({ jobId, reason }, { principal }) => {
    await recordPause(kernel, jobId, { by: principal.id, ...(reason === undefined ? {} : { reason }) });
    return { job: toJobRecord(await getJob(kernel, jobId)) };
  };
}
