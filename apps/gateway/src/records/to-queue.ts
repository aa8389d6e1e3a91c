import type { QueueRecord } from "@roost/contract/operations";
import { listQueues, type Kernel, type Queue } from "@roost/kernel";
import { isoOrNull } from "./iso.ts";

export function toQueueRecord(queue: Queue): QueueRecord {
  return { ...queue, pausedAt: isoOrNull(queue.pausedAt) };
}

/** The queue's record, also when it is empty. */
export async function readQueue(kernel: Kernel, name: string): Promise<QueueRecord> {
  const found = (await listQueues(kernel)).find((queue) => queue.name === name);
  const empty = { ready: 0, queued: 0, running: 0, waiting: 0 };
  return toQueueRecord(found ?? { name, pausedAt: null, pausedBy: null, pausedReason: null, ...empty });
}
