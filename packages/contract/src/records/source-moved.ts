/** Lines of an export: what heartbeats have seen in mailboxes and calendars, and what they were shown of it. */
import { z } from "zod";
import { Count, Name, SessionKey, SmallCount, text, Time } from "./fields.ts";
import { textCharsMax } from "./limits.ts";

const ref = text(1_000).min(1);

/** How far a mailbox was looked at: another place would stop every look after it. */
const MailboxPlaceMoved = z.object({
  validity: text(100),
  uid: Count,
  newestAt: Time.optional(),
  era: Count.optional(),
  renumbered: z.object({ since: Time, upTo: Count }).optional(),
});

/** How far heartbeats have looked at a mailbox or calendar. */
export const SourceMoved = z.object({
  kind: z.literal("source"),
  ref,
  name: Name,
  identity: text(100).describe("A hash of which server and login it is"),
  place: z.record(text(1_000), MailboxPlaceMoved).describe("By mailbox; empty for a calendar"),
  nextNumber: SmallCount.min(1),
  lookedAt: Time.nullable(),
});

/** A mail or an event that heartbeats have seen there. */
export const ItemMoved = z.object({
  kind: z.literal("item"),
  ref,
  source: Name,
  identity: text(100),
  number: SmallCount.min(1),
  key: text(100),
  at: Time,
  text: z.string().max(textCharsMax),
  takenAt: Time,
  mailbox: text(1_000).nullable(),
  numbering: text(100).nullable(),
  likeness: text(100).nullable(),
});

const isNumber = (mark: string) => /^\d{1,10}$/.test(mark);

/** What the last heartbeat of a session was shown and said. */
export const HeartbeatMoved = z.object({
  kind: z.literal("heartbeat"),
  ref,
  sessionKey: SessionKey,
  inputs: z
    .record(z.string(), z.string())
    .refine((inputs) => Object.entries(inputs).every(([name, mark]) => !name.startsWith("mail:") || isNumber(mark)), {
      error: "of a mailbox it is the number of a mail",
    })
    .nullable(),
  calledAt: Time.nullable(),
  lastText: z.string().max(textCharsMax).nullable(),
  lastSentAt: Time.nullable(),
});
