/** Sessions: list, read, send to, watch. */
import { z } from "zod";
import { defineOperation } from "../define-operation.ts";
import { Event } from "../records/event.ts";
import {
  Count,
  Cursor,
  Id,
  WrittenName,
  pageOf,
  pageFields,
  SessionKey,
  SessionKind,
  Slug,
  Text,
  ref,
} from "../records/fields.ts";
import { partLimits } from "../part.ts";
import { pageLimitMax } from "../records/limits.ts";
import { PartRef } from "../records/part.ts";
import { RunSummary } from "../records/run.ts";
import { Message, Session } from "../records/session.ts";

export const listSessions = defineOperation({
  id: "listSessions",
  method: "GET",
  path: "/sessions",
  summary: "Sessions, most recently used first",
  input: z.object({
    ...pageFields,
    keys: z.array(ref("Session", SessionKey)).max(pageLimitMax).optional().describe("Only these"),
    kind: SessionKind.optional(),
  }),
  output: pageOf(Session),
  effect: "readonly",
});

export const getSession = defineOperation({
  id: "getSession",
  method: "GET",
  path: "/sessions/{sessionKey}",
  summary: "A session with a page of its messages, newest page first, oldest message of the page first",
  input: z.object({ ...pageFields, sessionKey: ref("Session", SessionKey) }),
  output: z.object({ session: Session, messages: pageOf(Message) }),
  errors: ["not_found"],
  effect: "readonly",
});

const people = ["owner", "device", "client"] as const;
const sessionKey = ref("Session", SessionKey);

export const createSession = defineOperation({
  id: "createSession",
  method: "POST",
  path: "/sessions",
  summary: "Begins a conversation",
  description: "A message to a new key begins one as well; this names its agent and title before anything is said.",
  input: z.object({
    sessionKey: SessionKey.optional().describe("Default: a new one"),
    agent: Slug.optional().describe("Default: main"),
    title: WrittenName.optional(),
  }),
  output: z.object({ session: Session }),
  errors: ["conflict"],
  effect: "unsafe",
  access: { audience: people },
});

export const resetSession = defineOperation({
  id: "resetSession",
  method: "POST",
  path: "/sessions/{sessionKey}/reset",
  summary: "Begins a conversation anew: agents read nothing from before, people and the log keep it",
  input: z.object({ sessionKey }),
  output: z.object({ session: Session }),
  errors: ["not_found", "conflict"],
  effect: "unsafe",
  access: { audience: people },
});

export const rewindSession = defineOperation({
  id: "rewindSession",
  method: "POST",
  path: "/sessions/{sessionKey}/rewind",
  summary: "Takes the newest turns of a conversation back: agents do not read them, people and the log keep them",
  description: "What runs of these turns did is not undone.",
  input: z.object({
    sessionKey,
    turns: Count.min(1).max(10_000).default(1).describe("How many, the newest"),
    toSeq: Count.optional().describe("A message: its turn and all later ones. Overrides turns"),
  }),
  output: z.object({
    session: Session,
    fromSeq: Count.describe("The message that began the first turn taken back"),
    messageCount: Count.describe("Messages taken back"),
  }),
  errors: ["not_found", "conflict"],
  effect: "unsafe",
  access: { audience: people },
});

export const compactSession = defineOperation({
  id: "compactSession",
  method: "POST",
  path: "/sessions/{sessionKey}/compact",
  summary: "Starts a run that summarises a conversation; what must not be forgotten is written to memory first",
  input: z.object({ sessionKey }),
  output: z.object({ runId: ref("Run") }),
  errors: ["not_found", "conflict"],
  effect: "unsafe",
  access: { audience: people },
});

export const sendMessage = defineOperation({
  id: "sendMessage",
  method: "POST",
  path: "/sessions/{sessionKey}/messages",
  summary: "Sends a message to a session; a run answers it, after earlier messages",
  description:
    "A new session is created on demand. With an idempotency key (field or header) a second call returns the first message.",
  input: z.object({
    sessionKey: ref("Session", SessionKey),
    text: Text.default("").describe("What is said; with parts it may be left out"),
    parts: z.array(PartRef).max(partLimits.perMessageMax).optional().describe("What was uploaded before (uploadPart)"),
    agent: Slug.optional().describe("Agent of a new session; default: main"),
    source: WrittenName.default("api").describe("Where it comes from: cli, console, …"),
    idempotencyKey: Id.optional(),
  }),
  output: z.object({ messageId: ref("Message"), runId: ref("Run"), isRepeated: z.boolean() }),
  errors: ["conflict", "not_found"],
  effect: "idempotent",
  access: { audience: ["owner", "device", "client", "script", "host", "channel"] },
  examples: [{ summary: "Ask main", input: { sessionKey: "main", text: "What is on today?" } }],
});

export const SessionUpdate = z
  .discriminatedUnion("kind", [
    z.object({ kind: z.literal("message"), message: Message }),
    z.object({
      kind: z.literal("text"),
      runId: ref("Run"),
      text: Text.describe("The next part of an answer; not repeated after a reconnect"),
    }),
    z.object({
      kind: z.literal("remark"),
      runId: ref("Run"),
      text: Text.describe("News for a waiting person, such as a model that is silent; not repeated after a reconnect"),
    }),
    z.object({ kind: z.literal("event"), event: Event.describe("Of a run of this session") }),
    z.object({ kind: z.literal("over"), run: RunSummary }),
  ])
  .meta({ id: "SessionUpdate" });
export type SessionUpdate = z.output<typeof SessionUpdate>;

export const watchSession = defineOperation({
  id: "watchSession",
  method: "GET",
  path: "/sessions/{sessionKey}/watch",
  summary: "A live stream of a session, from now on or from a position",
  description: "Each item is named after its kind. The stream does not end by itself.",
  input: z.object({
    sessionKey: ref("Session", SessionKey),
    after: Cursor.optional(),
    last: Count.max(500).default(0).describe("Start this many messages back; `after` overrides it"),
  }),
  output: SessionUpdate,
  errors: ["not_found"],
  effect: "readonly",
  stream: true,
});

export const sessionOperations = [
  listSessions,
  getSession,
  createSession,
  sendMessage,
  resetSession,
  rewindSession,
  compactSession,
  watchSession,
] as const;
