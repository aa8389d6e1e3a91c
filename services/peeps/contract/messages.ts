/** Operations on messages, books of contacts, reminders, and the answers that are drawn from them. */
import { content, defineOperation, pageFields, pageOf } from "@roost/contract";
import { Count, text, Time } from "@roost/contract/operations";
import { z } from "zod";
import { messageLimits, personLimits, pictureTypes } from "./limits.ts";
import {
  Day,
  fromOutside,
  Hit,
  Label,
  Message,
  Person,
  ReceivedMessage,
  ReceivedReaction,
  Relation,
  Reminder,
  Source,
  personId,
  reminderId,
} from "./records.ts";

export const receiveMessages = defineOperation({
  id: "receiveMessages",
  method: "POST",
  path: "/messages",
  summary: "Takes messages from a source; one that was taken before changes nothing",
  input: z.object({
    messages: z.array(ReceivedMessage).max(messageLimits.perCallMax).default([]),
    reactions: z.array(ReceivedReaction).max(messageLimits.perCallMax).default([]),
    watch: z
      .object({ source: Source, name: Label, place: z.record(z.string(), z.unknown()), lagMs: Count })
      .optional()
      .describe("How far a watched source has been read: kept with the messages"),
  }),
  output: z.object({ added: Count, changed: Count, repeated: Count }),
  effect: "idempotent",
  access: { audience: ["owner", "device", "client", "script", "host"] },
});

export const readWatch = defineOperation({
  id: "readWatch",
  method: "GET",
  path: "/watches/{source}/{name}",
  summary: "How far a watched source has been read",
  input: z.object({ source: Source, name: Label }),
  output: z.object({
    watch: z.object({ place: z.record(z.string(), z.unknown()), lagMs: Count, seenAt: Time }).nullable(),
  }),
  effect: "readonly",
  tags: ["messages"],
});

export const listMessages = defineOperation({
  id: "listMessages",
  method: "GET",
  path: "/people/{personId}/messages",
  summary: "Messages with a person, the latest first",
  input: z.object({ personId, ...pageFields }),
  output: pageOf(Message),
  errors: ["not_found"],
  effect: "readonly",
  tags: ["messages"],
});

export const importContacts = defineOperation({
  id: "importContacts",
  method: "POST",
  path: "/imports",
  summary:
    "Reads a book of contacts: vCards, Google's or Outlook's CSV, Monica's JSON; reading it twice changes nothing",
  input: z.object({
    book: content(["text/vcard", "text/csv", "application/json", "application/octet-stream"], {
      bytesMax: 20 * 1024 * 1024,
    }),
    name: Label.default("contacts").describe("Of the book: cards of the same name and key are the same"),
    region: text(2)
      .regex(/^[A-Z]{2}$/, "must be a country like SE")
      .optional()
      .describe("Of numbers without a country code"),
  }),
  output: z.object({
    added: Count,
    changed: Count,
    unchanged: Count,
    suggestions: Count.describe("Pairs that may be one person, to be looked at"),
    faults: z.array(z.object({ line: Count.nullable(), reason: text(500) })).describe("The first hundred"),
    refused: Count,
  }),
  errors: ["limit_exceeded"],
  effect: "idempotent",
  access: { audience: ["owner", "device", "client", "script", "host"] },
});

export const exportContacts = defineOperation({
  id: "exportContacts",
  method: "GET",
  path: "/exports/contacts",
  summary: "All people as vCard 4.0 with pictures, or as CSV in Google's columns, in parts",
  input: z.object({
    after: personId
      .optional()
      .describe("The UID of the last card, or the Roost ID of the last row, of the part before"),
    format: z.enum(["vcard", "csv"]).default("vcard"),
  }),
  output: content(["text/vcard", "text/csv"], { bytesMax: 20 * 1024 * 1024 }),
  effect: "readonly",
  labels: fromOutside,
});

export const getPicture = defineOperation({
  id: "getPicture",
  method: "GET",
  path: "/people/{personId}/picture",
  summary: "The picture that a book has of a person",
  input: z.object({ personId }),
  output: content(pictureTypes, { bytesMax: personLimits.pictureBytesMax }),
  errors: ["not_found"],
  effect: "readonly",
  labels: fromOutside,
});

export const search = defineOperation({
  id: "search",
  method: "GET",
  path: "/search",
  summary: "Searches people, notes and messages by their words",
  input: z.object({ words: text(200).min(1), limit: z.number().int().min(1).max(50).default(20) }),
  output: z.object({ items: z.array(Hit) }),
  effect: "readonly",
});

export const recall = defineOperation({
  id: "recall",
  method: "GET",
  path: "/recall",
  summary: "Finds what is known of what a question names: people and whose they are, notes and messages",
  input: z.object({ query: text(1000).min(1), limit: z.number().int().min(1).max(50).default(10) }),
  output: z.object({
    people: z.array(z.object({ person: Person, relations: z.array(Relation) })),
    items: z.array(Hit).describe("Notes and messages, those with the most of its words first"),
  }),
  effect: "readonly",
});

export const whoIs = defineOperation({
  id: "whoIs",
  method: "GET",
  path: "/who-is",
  summary: "Who a person's partner, mother or colleague is, with the source",
  description:
    "Two people of the name: both are given, ask which. Nothing says it: unknown, with the notes and messages that come nearest. Never guess a name.",
  input: z.object({
    of: text(200).min(1).describe("A name as it is spoken: Ida, my friend Ida Berg"),
    relation: Label.describe("partner, mother, boss"),
  }),
  output: z.object({
    answer: z.enum(["known", "ask_which", "unknown"]),
    people: z.array(Person).describe("Those of the name"),
    relations: z.array(Relation).describe("What is known, the current first"),
    near: z.array(Hit).describe("Where nothing is known"),
  }),
  effect: "readonly",
  examples: [{ summary: "What is her partner called", input: { of: "Ida", relation: "partner" } }],
});

export const remind = defineOperation({
  id: "remind",
  method: "POST",
  path: "/people/{personId}/reminders",
  summary: "Reminds of something about a person on a day, once or again and again",
  input: z.object({
    personId,
    text: text(500).min(1),
    dueOn: Day,
    every: z.enum(["week", "month", "year"]).optional(),
  }),
  output: z.object({ reminder: Reminder }),
  errors: ["not_found"],
  effect: "unsafe",
});

export const listReminders = defineOperation({
  id: "listReminders",
  method: "GET",
  path: "/reminders",
  summary: "Reminders that wait, the next first",
  input: z.object({ ...pageFields, until: Day.optional() }),
  output: pageOf(Reminder),
  effect: "readonly",
});

export const finishReminder = defineOperation({
  id: "finishReminder",
  method: "POST",
  path: "/reminders/{reminderId}/finish",
  summary: "Finishes a reminder; one that repeats waits for its next day",
  input: z.object({ reminderId, dueOn: Day.describe("The day that is finished") }),
  output: z.object({ reminder: Reminder }),
  errors: ["not_found"],
  effect: "idempotent",
});

export const takeDue = defineOperation({
  id: "takeDue",
  method: "POST",
  path: "/due",
  summary:
    "Takes what the owner is to be told today: reminders that are due, and people not spoken to for too long; each once",
  description:
    "What was taken is not given again: tell it. A reminder waits until it is finished, and is told once for its day. What a run took that failed is given to the next one.",
  input: z.object({}),
  output: z.object({ reminders: z.array(Reminder), overdue: z.array(Person) }),
  effect: "idempotent",
});

export const messageOperations = [
  receiveMessages,
  readWatch,
  listMessages,
  importContacts,
  exportContacts,
  getPicture,
  search,
  recall,
  whoIs,
  remind,
  listReminders,
  finishReminder,
  takeDue,
] as const;
