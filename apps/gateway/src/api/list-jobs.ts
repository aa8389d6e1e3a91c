import { listJobs as readJobs } from "@roost/kernel";
import type { ApiHandler } from "../api-handler.ts";
import type { GatewayContext } from "../gateway-context.ts";
import { toJobRecord } from "../records/to-job.ts";

export function listJobs({ kernel }: GatewayContext): ApiHandler<"listJobs"> {
  return async ({ limit, after, state }) => {
    const page = await readJobs(kernel, {
      limit,
      ...(after === undefined ? {} : { after }),
      ...(state === undefined ? {} : { states: state }),
    });
    return { jobs: page.jobs.map(toJobRecord), next: page.next };
  };
}
