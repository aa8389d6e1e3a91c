import { getJob, resumeJob as recordResume } from "@roost/kernel";
import type { ApiHandler } from "../api-handler.ts";
import type { GatewayContext } from "../gateway-context.ts";
import { toJobRecord } from "../records/to-job.ts";

export function resumeJob({ kernel }: GatewayContext): ApiHandler<"resumeJob"> {
  return async ({ jobId }, { principal }) => {
    await recordResume(kernel, jobId, { by: principal.id });
    return { job: toJobRecord(await getJob(kernel, jobId)) };
  };
}
