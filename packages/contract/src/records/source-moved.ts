/** Lines of an export: what heartbeats have seen in mailboxes and calendars, and what they were shown of it. */
import { z } from "zod";
import { Count, JsonFields, Name, SessionKey, text, Time } from "./fields.ts";
import { textCharsMax } from "./limits.ts";

const ref = text(1_000).min(1);

/** How far heartbeats have looked at a mailbox or calendar. */
export const SourceMoved = z.object({
  kind: z.literal("source"),
  ref,
  name: Name,
  identity: text(100).describe("A hash of which server and login it is"),
  place: JsonFields,
  nextNumber: Count.min(1),
  lookedAt: Time.nullable(),
});

/** A mail or an event that heartbeats have seen there. */
export const ItemMoved = z.object({
  kind: z.literal("item"),
  ref,
  source: Name,
  identity: text(100),
  number: Count.min(1),
  key: text(100),
  at: Time,
  text: z.string().max(textCharsMax),
  takenAt: Time,
  mailbox: text(1_000).nullable(),
  numbering: text(100).nullable(),
  likeness: text(100).nullable(),
});

/** What the last heartbeat of a session was shown and said. */
export const HeartbeatMoved = z.object({
  kind: z.literal("heartbeat"),
  ref,
  sessionKey: SessionKey,
  inputs: z.record(z.string(), z.string()).nullable(),
  calledAt: Time.nullable(),
  lastText: z.string().max(textCharsMax).nullable(),
  lastSentAt: Time.nullable(),
});
