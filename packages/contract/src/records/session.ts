/** Sessions and their messages. */
import { z } from "zod";
import { Part } from "./part.ts";
import { Count, Id, Json, Name, SessionKey, SessionKind, Slug, Text, Time, ref } from "./fields.ts";

export const messageRoles = ["user", "assistant", "tool", "system"] as const;

export const Session = z
  .object({
    key: SessionKey,
    kind: SessionKind,
    agent: Slug,
    title: Name.nullable(),
    messageCount: Count,
    activeRunId: ref("Run").nullable().describe("The active run"),
    queuedCount: Count.describe("Runs that wait for their turn"),
    createdAt: Time,
    lastMessageAt: Time.nullable(),
  })
  .meta({ id: "Session" });
export type SessionRecord = z.output<typeof Session>;

export const Message = z
  .object({
    id: Id,
    sessionKey: ref("Session", SessionKey),
    seq: Count,
    role: z.enum(messageRoles),
    text: Text,
    parts: z.array(Part).describe("What it carries beside its text: GET /parts/{sha256}"),
    content: Json.describe("The message as the model saw it, when it is more than text; else null"),
    runId: ref("Run").nullable(),
    source: Name.nullable().describe("Where it came from: cli, console, job:<id>, …"),
    isRehearsed: z.boolean(),
    isTakenBack: z.boolean().describe("By a rewind: agents do not read it"),
    createdAt: Time,
  })
  .meta({ id: "Message" });
export type MessageRecord = z.output<typeof Message>;
