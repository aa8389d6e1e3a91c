import { applyJobs as recordJobs } from "@roost/kernel";
import type { ApiHandler } from "../api-handler.ts";
import type { GatewayContext } from "../gateway-context.ts";

export function applyJobs({ kernel, memory }: GatewayContext): ApiHandler<"applyJobs"> {
  return async ({ jobs, source, dryRun, prune }, { principal }) => {
    const options = { by: principal.id, source, dryRun, prune, timeZone: memory.timeZone };
    const changes = await recordJobs(kernel, jobs, options);
    return { dryRun, changes: changes.map(({ jobId, change, differences }) => ({ jobId, change, differences })) };
  };
}
