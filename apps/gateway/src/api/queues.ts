import { placeOf, readPage, serve, type Served, textPlace, toPage } from "@roost/contract";
import * as operations from "@roost/contract/operations";
import { listQueues, pauseQueue, resumeQueue, type Kernel, type Queue } from "@roost/kernel";
import type { QueueRecord } from "@roost/contract/operations";
import { isoOrNull } from "../records/iso.ts";

export function serveQueues({ kernel }: { kernel: Kernel }): Served[] {
  return [
    serve(operations.listQueues, async ({ limit, after }) => {
      const read = { after: placeOf(textPlace, after) };
      const { rows, next } = await readPage(
        limit,
        (most) => listQueues(kernel, { ...read, limit: most }),
        ({ name }) => name,
      );
      return toPage(rows.map(toQueueRecord), next);
    }),

    serve(operations.pauseQueue, async ({ queue, reason }, { principal }) => {
      await pauseQueue(kernel, queue, { by: principal.id, reason });
      return { queue: await readQueue(kernel, queue) };
    }),

    serve(operations.resumeQueue, async ({ queue, reason }, { principal }) => {
      await resumeQueue(kernel, queue, { by: principal.id, reason });
      return { queue: await readQueue(kernel, queue) };
    }),
  ];
}

function toQueueRecord(queue: Queue): QueueRecord {
  return { ...queue, pausedAt: isoOrNull(queue.pausedAt) };
}

/** The queue's record, also when it is empty. */
async function readQueue(kernel: Kernel, name: string): Promise<QueueRecord> {
  const found = (await listQueues(kernel)).find((queue) => queue.name === name);
  const empty = { ready: 0, queued: 0, running: 0, waiting: 0 };
  return toQueueRecord(found ?? { name, pausedAt: null, pausedBy: null, pausedReason: null, ...empty });
}
