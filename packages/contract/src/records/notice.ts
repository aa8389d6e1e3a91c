/** What Roost tells people and asks them. */
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
    target: Name.nullable().describe("Where it goes: console, webhook, …"),
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

/** What of an approval a person sees: exactly this call, once. */
export const ApprovalShown = z
  .object({
    tool: Name,
    input: Json.describe("Its arguments; others need a new approval"),
    inputHash: z.string().max(64).describe("SHA-256 of the arguments as canonical JSON"),
    reason: Reason.describe("Why it is asked"),
    policy: Name.describe("The rule that asks, with its version"),
    diff: Text.nullable().describe("What it would change, as a unified diff"),
  })
  .meta({ id: "Approval" });

export const Question = z
  .object({
    id: Id,
    kind: z.enum(questionKinds),
    approval: ApprovalShown.nullable().describe("Of an approval: what is to be approved"),
    prompt: Text,
    choices: z.array(Name).nullable().describe("The answers to choose from; null for a free one"),
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
export type Question = z.output<typeof Question>;
