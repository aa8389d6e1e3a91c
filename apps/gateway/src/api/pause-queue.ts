import { pauseQueue as recordPause } from "@roost/kernel";
import type { ApiHandler } from "../api-handler.ts";
import type { GatewayContext } from "../gateway-context.ts";
import { readQueue } from "../records/to-queue.ts";

export function pauseQueue({ kernel }: GatewayContext): ApiHandler<"pauseQueue"> {
  return async ({ queue, reason }, { principal }) => {
    await recordPause(kernel, queue, { by: principal.id, ...(reason === undefined ? {} : { reason }) });
    return { queue: await readQueue(kernel, queue) };
  };
}
