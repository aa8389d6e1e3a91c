import { getJob, rollBackJob as recordRollBack } from "@roost/kernel";
import type { ApiHandler } from "../api-handler.ts";
import type { GatewayContext } from "../gateway-context.ts";
import { toJobRecord } from "../records/to-job.ts";

export function rollBackJob({ kernel }: GatewayContext): ApiHandler<"rollBackJob"> {
  return async ({ jobId, version, expectedVersion }, { principal }) => {
    const options = { version, by: principal.id, ...(expectedVersion === undefined ? {} : { expectedVersion }) };
    const { change } = await recordRollBack(kernel, jobId, options);
    return { job: toJobRecord(await getJob(kernel, jobId)), change };
  };
}
