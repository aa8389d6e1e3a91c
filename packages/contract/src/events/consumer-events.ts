/** Topic `coordination`: consumer groups. The subject is the group. */
import { z } from "zod";
import { defineEvent } from "../define-event.ts";
import { Count, Id, Name, Reason, RecordedError } from "../records/fields.ts";

const topic = "coordination";
const subject = "consumer group";
const version = 1;

const place = { group: Name, topic: Name, partition: Count };

/** An event keeps failing. Emitted at the first failure, then at the 2nd, 4th, 8th …; the group waits meanwhile. */
export const consumerFailed = defineEvent({
  type: "consumer.failed",
  version,
  topic,
  subject,
  schema: z.object({
    ...place,
    offset: Count,
    eventId: Id.optional(),
    eventType: Name.optional(),
    failureCount: Count,
    error: RecordedError,
  }),
});

/** Events from `fromOffset` up to, but not including, `toOffset` were skipped: by a person, or because retention had dropped them. */
export const consumerSkipped = defineEvent({
  type: "consumer.skipped",
  version,
  topic,
  subject,
  schema: z.object({
    ...place,
    fromOffset: Count,
    toOffset: Count,
    by: Name,
    eventId: Id.optional(),
    reason: Reason.optional(),
  }),
});

/** Moved to another position in the log. */
export const consumerReset = defineEvent({
  type: "consumer.reset",
  version,
  topic,
  subject,
  schema: z.object({ ...place, fromOffset: Count, toOffset: Count, by: Name }),
});

export const consumerRemoved = defineEvent({
  type: "consumer.removed",
  version,
  topic,
  subject,
  schema: z.object({ group: Name, by: Name }),
});

export const consumerEvents = [consumerFailed, consumerSkipped, consumerReset, consumerRemoved] as const;
