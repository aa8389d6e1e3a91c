import { getJob, removeJob as recordRemove } from "@roost/kernel";
import type { ApiHandler } from "../api-handler.ts";
import type { GatewayContext } from "../gateway-context.ts";
import { toJobRecord } from "../records/to-job.ts";

export function removeJob({ kernel }: GatewayContext): ApiHandler<"removeJob"> {
  return async ({ jobId }, { principal }) => {
    await recordRemove(kernel, jobId, { by: principal.id });
    return { job: toJobRecord(await getJob(kernel, jobId)) };
  };
}
