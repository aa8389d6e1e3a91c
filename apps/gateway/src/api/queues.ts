import { placeOf, readPage, serve, type Served, textPlace, toPage } from "@roost/contract";
import * as operations from "@roost/contract/operations";
import { listQueues, pauseQueue, resumeQueue, type Kernel, type Queue } from "@roost/kernel";
import type { QueueRecord } from "@roost/contract/operations";
import { nearestName, RoostError } from "@roost/base";
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
      await refuseSlip(kernel, queue);
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

/** A queue may be paused before its first run; a name near that of another is a slip. */
async function refuseSlip(kernel: Kernel, queue: string): Promise<void> {
  const names = (await listQueues(kernel)).map(({ name }) => name);
  const nearest = names.includes(queue) ? undefined : nearestName(queue, names);
  if (nearest === undefined) return;
  throw new RoostError("invalid_input", `There is no queue "${queue.slice(0, 64)}": did you mean ${nearest}?`);
}

/** The queue's record, also when it is empty. */
async function readQueue(kernel: Kernel, name: string): Promise<QueueRecord> {
  const found = (await listQueues(kernel)).find((queue) => queue.name === name);
  const empty = { ready: 0, queued: 0, running: 0, waiting: 0 };
  return toQueueRecord(found ?? { name, pausedAt: null, pausedBy: null, pausedReason: null, ...empty });
}
