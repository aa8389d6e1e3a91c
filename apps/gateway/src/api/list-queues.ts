import { listQueues as readQueues } from "@roost/kernel";
import type { ApiHandler } from "../api-handler.ts";
import type { GatewayContext } from "../gateway-context.ts";
import { toQueueRecord } from "../records/to-queue.ts";

export function listQueues({ kernel }: GatewayContext): ApiHandler<"listQueues"> {
  return async () => ({ queues: (await readQueues(kernel)).map(toQueueRecord) });
}
