import { listQueues as readQueues } from "@roost/kernel";
import type { ApiHandler } from "../api-handler.ts";
import type { GatewayContext } from "../gateway-context.ts";
import { nextOf } from "../records/next-of.ts";
import { toQueueRecord } from "../records/to-queue.ts";

export function listQueues({ kernel }: GatewayContext): ApiHandler<"listQueues"> {
  return async ({ limit, after }) => {
    const queues = await readQueues(kernel, { limit, ...(after === undefined ? {} : { after }) });
    return { queues: queues.map(toQueueRecord), next: nextOf(queues, limit, (queue) => queue.name) };
  };
}
