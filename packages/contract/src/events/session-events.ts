/** Topic `sessions`: messages. The subject is the session's key. */
import { z } from "zod";
import { defineEvent } from "../define-event.ts";
import { partLimits } from "../part.ts";
import { Part } from "../records/part.ts";
import { Count, Id, Name, SessionKey, SessionKind, Slug, Text } from "../records/fields.ts";

const topic = "sessions";
const subject = "session key";
const version = 1;
const message = {
  sessionKey: SessionKey,
  sessionKind: SessionKind.optional(),
  messageId: Id,
  seq: Count.optional(),
  runId: Id.optional(),
  text: Text,
};

export const messageReceived = defineEvent({
  type: "message.received",
  version,
  topic,
  subject,
  schema: z.object({
    ...message,
    parts: z.array(Part).max(partLimits.perMessageMax).optional(),
    source: Name.optional(),
  }),
});

export const messageSent = defineEvent({
  type: "message.sent",
  version,
  topic,
  subject,
  schema: z.object({
    ...message,
    parts: z.array(Part).max(partLimits.perMessageMax).optional(),
    source: Name.optional().describe("The job whose run said it: job:<id>"),
    isRehearsed: z.boolean().optional(),
  }),
});

/** The result of a call of a tool that a program offered: its run goes on. */
export const toolAnswered = defineEvent({
  type: "tool.answered",
  version,
  topic,
  subject,
  schema: z.object({ sessionKey: SessionKey, runId: Id, callKey: z.string().max(200), text: Text }),
});

export const sessionCompacted = defineEvent({
  type: "session.compacted",
  version,
  topic,
  subject,
  schema: z.object({
    sessionKey: SessionKey,
    runId: Id.optional(),
    messageCount: Count.describe("Messages that the summary replaces"),
    tokensBefore: Count.optional(),
    tokensAfter: Count.optional(),
    summary: Text.optional(),
  }),
});

export const sessionCreated = defineEvent({
  type: "session.created",
  version,
  topic,
  subject,
  schema: z.object({ sessionKey: SessionKey, agent: Slug, title: Name.optional() }),
});

export const sessionReset = defineEvent({
  type: "session.reset",
  version,
  topic,
  subject,
  schema: z.object({
    sessionKey: SessionKey,
    beforeSeq: Count.describe("Agents read no message before this one"),
    by: Name,
  }),
});

export const sessionRewound = defineEvent({
  type: "session.rewound",
  version,
  topic,
  subject,
  schema: z.object({
    sessionKey: SessionKey,
    fromSeq: Count.describe("The turn that began with this message and all later ones were taken back"),
    messageCount: Count.describe("Messages that were taken back"),
    by: Name,
  }),
});

export const sessionEvents = [
  messageReceived,
  messageSent,
  sessionCreated,
  sessionReset,
  sessionRewound,
  sessionCompacted,
  toolAnswered,
] as const;
