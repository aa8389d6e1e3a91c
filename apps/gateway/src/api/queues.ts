import { serve, type Served } from "@roost/contract";
import * as operations from "@roost/contract/operations";
import { listQueues, pauseQueue, resumeQueue, type Kernel } from "@roost/kernel";
import { placeOf, readPage, textPlace, toPage } from "../records/page.ts";
import { readQueue, toQueueRecord } from "../records/to-queue.ts";

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
