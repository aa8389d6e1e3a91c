import { resumeQueue as recordResume } from "@roost/kernel";
import type { ApiHandler } from "../api-handler.ts";
import type { GatewayContext } from "../gateway-context.ts";
import { readQueue } from "../records/to-queue.ts";

export function resumeQueue({ kernel }: GatewayContext): ApiHandler<"resumeQueue"> {
  return async ({ queue, reason }, { principal }) => {
    await recordResume(kernel, queue, { by: principal.id, ...(reason === undefined ? {} : { reason }) });
    return { queue: await readQueue(kernel, queue) };
  };
}
