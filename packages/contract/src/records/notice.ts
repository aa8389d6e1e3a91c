/** Notices and questions. */
import { z } from "zod";
import { Count, Id, Json, Name, Reason, Slug, Text, Time, ref } from "./fields.ts";

export const noticeLevels = ["info", "warning", "urgent"] as const;
/** Where a notice can be sent, beside the console. */
export const deliveryTargets = ["webhook", "telegram", "push"] as const;
export type DeliveryTarget = (typeof deliveryTargets)[number];
export const noticeStates = ["raised", "delivered", "failed"] as const;
export const questionStates = ["open", "answered", "expired", "withdrawn"] as const;

export const Notice = z
  .object({
    id: Id,
    level: z.enum(noticeLevels),
    text: Text,
    target: Name.nullable().describe("Where it is sent: console, webhook, …"),
    state: z.enum(noticeStates),
    source: Name.describe("What raised it: run:<id>, job:<id>, home, …"),
    runId: ref("Run").nullable(),
    jobId: ref("Job").nullable(),
    error: Reason.nullable(),
    createdAt: Time,
    deliveredAt: Time.nullable(),
  })
  .meta({ id: "Notice" });
export type Notice = z.output<typeof Notice>;

export const questionKinds = ["question", "approval", "resolution"] as const;

/** For how long a person allows calls like the approved one: in its session, in runs of its job, or in any run of its agent. */
export const grantScopes = ["session", "job", "always"] as const;
export type GrantScope = (typeof grantScopes)[number];

export const Grant = z
  .object({
    id: Id,
    agent: Slug,
    tool: Name,
    target: Text.describe("A host, a path, the id of a job"),
    scope: z.enum(grantScopes),
    of: Name.nullable().describe("The session or job; null: any run of the agent"),
    grantedBy: Name,
    grantedAt: Time,
    expiresAt: Time,
    state: z.enum(["live", "expired", "revoked"]),
    revokedAt: Time.nullable(),
    revokedBy: Name.nullable(),
    usedCount: Count.describe("Calls that it allowed"),
    lastUsedAt: Time.nullable(),
  })
  .meta({ id: "Grant" });
export type GrantRecord = z.output<typeof Grant>;

/** What a person sees of an approval: exactly this call, once. */
export const ApprovalShown = z
  .object({
    tool: Name,
    input: Json.describe("Its arguments; others need a new approval"),
    inputHash: z.string().max(64).describe("SHA-256 of the arguments as canonical JSON"),
    reason: Reason.describe("Why approval is needed"),
    policy: Name.describe("The rule that requires it, with its version"),
    diff: Text.nullable().describe("The change as a unified diff"),
    target: Text.nullable().describe(
      "What later calls may be allowed for as well; null: only this call can be approved",
    ),
  })
  .meta({ id: "Approval" });

export const Question = z
  .object({
    id: Id,
    kind: z.enum(questionKinds),
    approval: ApprovalShown.nullable().describe("The call to approve, for approvals"),
    prompt: Text,
    choices: z.array(Name).nullable().describe("The answers to choose from; null for a free-text answer"),
    state: z.enum(questionStates),
    answer: Text.nullable(),
    agent: Slug.nullable(),
    runId: ref("Run").nullable(),
    jobId: ref("Job").nullable(),
    askedAt: Time,
    answeredAt: Time.nullable(),
    answeredBy: Name.nullable(),
    expiresAt: Time.nullable(),
  })
  .meta({ id: "Question" });
export type QuestionRecord = z.output<typeof Question>;
