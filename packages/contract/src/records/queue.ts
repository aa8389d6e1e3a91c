/** Queues of runs. */
import { z } from "zod";
import { Count, Name, QueueName, Reason, Time } from "./fields.ts";

export const Queue = z
  .object({
    name: QueueName,
    pausedAt: Time.nullable().describe("Since when it is paused"),
    pausedBy: Name.nullable(),
    pausedReason: Reason.nullable(),
    ready: Count,
    queued: Count,
    running: Count,
    waiting: Count,
  })
  .meta({ id: "Queue" });
export type QueueRecord = z.output<typeof Queue>;
