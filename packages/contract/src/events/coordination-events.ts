/** Topic `coordination`: locks, once-only effects and reserved subjects. The subject is the lock's name, the effect's scope/key, or the scope of the reserved subject. */
import { z } from "zod";
import { defineEvent } from "../define-event.ts";
import { KeyText, SimilarSubject } from "../records/coordination.ts";
import { Count, Id, Json, Name, Reason, RecordedError, Text, Time } from "../records/fields.ts";

const topic = "coordination";
const version = 1;

const lock = { name: KeyText, holder: Name, epoch: Count, runId: Id.optional() };

export const lockAcquired = defineEvent({
  type: "lock.acquired",
  version,
  topic,
  subject: "name of the lock",
  schema: z.object({ ...lock, expiresAt: Time, purpose: Reason.optional() }),
});

export const lockReleased = defineEvent({
  type: "lock.released",
  version,
  topic,
  subject: "name of the lock",
  schema: z.object({ ...lock, reason: Reason.optional() }),
});

export const lockExpired = defineEvent({
  type: "lock.expired",
  version,
  topic,
  subject: "name of the lock",
  schema: z.object(lock),
});

const once = { scope: KeyText, key: KeyText, holder: Name, runId: Id.optional() };
const onceSubject = "scope/key of the effect";

export const onceBegun = defineEvent({
  type: "once.begun",
  version,
  topic,
  subject: onceSubject,
  schema: z.object({ ...once, attempt: Count.optional(), expiresAt: Time.optional() }),
});

export const onceDone = defineEvent({
  type: "once.done",
  version,
  topic,
  subject: onceSubject,
  schema: z.object({ ...once, result: Json.optional() }),
});

export const onceFailed = defineEvent({
  type: "once.failed",
  version,
  topic,
  subject: onceSubject,
  schema: z.object({ ...once, error: RecordedError.optional() }),
});

export const onceUnknown = defineEvent({
  type: "once.unknown",
  version,
  topic,
  subject: onceSubject,
  schema: z.object({ ...once, reason: Reason.optional() }),
});

const subject = { scope: KeyText, text: Text, by: Name, runId: Id.optional() };

export const subjectReserved = defineEvent({
  type: "subject.reserved",
  version,
  topic,
  subject: "scope of the reserved subject",
  schema: z.object({ ...subject, subjectId: Id, expiresAt: Time }),
});

export const subjectRefused = defineEvent({
  type: "subject.refused",
  version,
  topic,
  subject: "scope of the reserved subject",
  schema: z.object({ ...subject, similar: z.array(SimilarSubject).max(20) }),
});

export const coordinationEvents = [
  lockAcquired,
  lockReleased,
  lockExpired,
  onceBegun,
  onceDone,
  onceFailed,
  onceUnknown,
  subjectReserved,
  subjectRefused,
] as const;
