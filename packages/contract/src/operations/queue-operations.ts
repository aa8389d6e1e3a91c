/** Queues: contents, pause and resume. */
import { z } from "zod";
import { defineOperation } from "../define-operation.ts";
import { QueueName, pageOf, pageFields, Reason } from "../records/fields.ts";
import { Queue } from "../records/queue.ts";

const queue = QueueName.describe("Name of a queue");

export const listQueues = defineOperation({
  id: "listQueues",
  method: "GET",
  path: "/queues",
  summary: "Queues that are paused or have runs, by name",
  input: z.object({ ...pageFields }),
  output: pageOf(Queue),
  effect: "readonly",
});

export const pauseQueue = defineOperation({
  id: "pauseQueue",
  method: "POST",
  path: "/queues/{queue}/pause",
  summary: "Pauses a queue until it is resumed; active runs go on",
  input: z.object({ queue, reason: Reason.optional() }),
  output: z.object({ queue: Queue }),
  effect: "idempotent",
});

export const resumeQueue = defineOperation({
  id: "resumeQueue",
  method: "POST",
  path: "/queues/{queue}/resume",
  summary: "Resumes a paused queue",
  input: z.object({ queue, reason: Reason.optional() }),
  output: z.object({ queue: Queue }),
  effect: "idempotent",
});

export const queueOperations = [listQueues, pauseQueue, resumeQueue] as const;
