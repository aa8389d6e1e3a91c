/** Topic `notices`: approvals of tool calls. The subject is the id of the approval. */
import { z } from "zod";
import { defineEvent } from "../define-event.ts";
import { Count, Id, Name, Reason, Time } from "../records/fields.ts";

const topic = "notices";
const subject = "approval id";
const version = 1;

const approval = { approvalId: Id, runId: Id, seq: Count, tool: Name, inputHash: z.string().max(64) };

export const approvalAsked = defineEvent({
  type: "approval.asked",
  version,
  topic,
  subject,
  schema: z.object({ ...approval, policy: Name, reason: Reason, expiresAt: Time }),
});

const decided = { ...approval, questionId: Id, by: Name };
export const approvalGranted = defineEvent({
  type: "approval.granted",
  version,
  topic,
  subject,
  schema: z.object(decided),
});
export const approvalRefused = defineEvent({
  type: "approval.refused",
  version,
  topic,
  subject,
  schema: z.object(decided),
});

/** Not answered in time. */
export const approvalExpired = defineEvent({
  type: "approval.expired",
  version,
  topic,
  subject,
  schema: z.object(approval),
});

/** The approved call was made, or was about to be. */
export const approvalUsed = defineEvent({
  type: "approval.used",
  version,
  topic,
  subject,
  schema: z.object({ ...approval, questionId: Id, usedBy: Id.describe("Idempotency key of the call") }),
});

export const approvalEvents = [approvalAsked, approvalGranted, approvalRefused, approvalExpired, approvalUsed] as const;
