/** Topic `notices`: approvals of tool calls. The subject is the id of the approval. */
import { z } from "zod";
import { defineEvent } from "../define-event.ts";
import { Count, Id, Name, Reason, Slug, Text, Time } from "../records/fields.ts";
import { grantScopes } from "../records/notice.ts";

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

const grant = {
  grantId: Id,
  agent: Slug,
  tool: Name,
  target: Text,
  scope: z.enum(grantScopes),
  of: Name.nullable(),
};
const ofGrant = "grant id";

/** A person allows later calls as well. */
export const grantGiven = defineEvent({
  type: "grant.given",
  version,
  topic,
  subject: ofGrant,
  schema: z.object({ ...grant, by: Name, expiresAt: Time }),
});
export const grantRevoked = defineEvent({
  type: "grant.revoked",
  version,
  topic,
  subject: ofGrant,
  schema: z.object({ ...grant, by: Name }),
});

/** A call was made, or was about to be, because of it. */
export const grantUsed = defineEvent({
  type: "grant.used",
  version,
  topic,
  subject: ofGrant,
  schema: z.object({ ...grant, runId: Id, usedBy: Id.describe("Idempotency key of the call") }),
});

export const approvalEvents = [
  approvalAsked,
  approvalGranted,
  approvalRefused,
  approvalExpired,
  approvalUsed,
  grantGiven,
  grantRevoked,
  grantUsed,
] as const;
