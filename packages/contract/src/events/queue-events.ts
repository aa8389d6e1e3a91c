/** Topic `jobs`: pauses of queues. The subject is the queue's name. */
import { z } from "zod";
import { defineEvent } from "../define-event.ts";
import { Name, QueueName, Reason } from "../records/fields.ts";

const topic = "jobs";
const subject = "queue";
const version = 1;
const schema = z.object({ queue: QueueName, by: Name, reason: Reason.optional() });

export const queuePaused = defineEvent({ type: "queue.paused", version, topic, subject, schema });
export const queueResumed = defineEvent({ type: "queue.resumed", version, topic, subject, schema });

export const queueEvents = [queuePaused, queueResumed] as const;
