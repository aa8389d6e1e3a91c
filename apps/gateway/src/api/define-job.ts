import { getJob, defineJob as recordJob } from "@roost/kernel";
import type { ApiHandler } from "../api-handler.ts";
import type { GatewayContext } from "../gateway-context.ts";
import { toJobRecord } from "../records/to-job.ts";

export function defineJob({ kernel, memory }: GatewayContext): ApiHandler<"defineJob"> {
  return async ({ jobId, expectedVersion, ...definition }, { principal }) => {
    const options = {
      by: principal.id,
      timeZone: memory.timeZone,
      ...(expectedVersion === undefined ? {} : { expectedVersion }),
    };
    const { change } = await recordJob(kernel, { id: jobId, ...definition }, options);
    return { job: toJobRecord(await getJob(kernel, jobId)), change };
  };
}
