/** Topic `runs`: workers. The subject is the worker's id. */
import { z } from "zod";
import { defineEvent } from "../define-event.ts";
import { Count, Id, Reason } from "../records/fields.ts";

const topic = "runs";
const version = 1;

const worker = { workerId: Id, host: z.string().max(255), pid: Count, kind: z.string().max(64) };

export const workerJoined = defineEvent({
  type: "worker.joined",
  version,
  topic,
  subject: "worker id",
  schema: z.object(worker),
});

export const workerLost = defineEvent({
  type: "worker.lost",
  version,
  topic,
  subject: "worker id",
  schema: z.object({ ...worker, reason: Reason, runCount: Count.optional() }),
});

export const workerEvents = [workerJoined, workerLost] as const;
