/** Notices and questions. */
import { z } from "zod";
import { Id, Json, Name, Reason, Slug, Text, Time, ref } from "./fields.ts";

export const noticeLevels = ["info", "warning", "urgent"] as const;
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

/** What a person sees of an approval: exactly this call, once. */
export const ApprovalShown = z
  .object({
    tool: Name,
    input: Json.describe("Its arguments; others need a new approval"),
    inputHash: z.string().max(64).describe("SHA-256 of the arguments as canonical JSON"),
    reason: Reason.describe("Why approval is needed"),
    policy: Name.describe("The rule that requires it, with its version"),
    diff: Text.nullable().describe("The change as a unified diff"),
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
