/** Topic `notices`: notices and questions. The subject is the id of the notice or question. */
import { z } from "zod";
import { defineEvent } from "../define-event.ts";
import { Count, Id, Name, Reason, Slug, Text, Time } from "../records/fields.ts";
import { noticeLevels } from "../records/notice.ts";

const topic = "notices";
const version = 1;
const origin = { runId: Id.optional(), jobId: Slug.optional(), agent: Slug.optional() };

export const noticeRaised = defineEvent({
  type: "notice.raised",
  version,
  topic,
  subject: "notice id",
  schema: z.object({
    ...origin,
    noticeId: Id,
    level: z.enum(noticeLevels),
    text: Text,
    target: Name.optional(),
    source: Name.optional(),
  }),
});

export const noticeDelivered = defineEvent({
  type: "notice.delivered",
  version,
  topic,
  subject: "notice id",
  schema: z.object({ noticeId: Id, target: Name, attempt: Count.optional() }),
});

export const noticeFailed = defineEvent({
  type: "notice.failed",
  version,
  topic,
  subject: "notice id",
  schema: z.object({ noticeId: Id, target: Name, attempt: Count.optional(), reason: Reason, retryAt: Time.optional() }),
});

export const questionAsked = defineEvent({
  type: "question.asked",
  version,
  topic,
  subject: "question id",
  schema: z.object({
    ...origin,
    questionId: Id,
    seq: Count.optional(),
    prompt: Text,
    choices: z.array(Name).max(50).optional(),
    expiresAt: Time.optional(),
  }),
});

export const questionAnswered = defineEvent({
  type: "question.answered",
  version,
  topic,
  subject: "question id",
  schema: z.object({ ...origin, questionId: Id, answer: Text, by: Name }),
});

export const noticeEvents = [noticeRaised, noticeDelivered, noticeFailed, questionAsked, questionAnswered] as const;
