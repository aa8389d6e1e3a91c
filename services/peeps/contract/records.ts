/** What peeps tells of people. Dates of which the year may be unknown are texts: `1985-04-12`, `--04-12`, `1985`. */
import { ref } from "@roost/contract";
import { Count, keyText, text, Time } from "@roost/contract/operations";
import { z } from "zod";
import { messageLimits, personLimits } from "./limits.ts";

/** Labels of files that hold what books say. Records say their own. */
export const fromOutside = ["trust:untrusted"] as const;

/** Ids of peeps; another text is refused before it is looked up. */
export const personId = ref("Person", z.uuid());
export const handleId = ref("Handle", z.uuid());
export const relationId = ref("Relation", z.uuid());
export const noteId = ref("Note", z.uuid());
export const reminderId = ref("Reminder", z.uuid());
export const suggestionId = ref("Suggestion", z.uuid());

export const PersonName = text(personLimits.nameMax).min(1);
export const Tag = keyText(personLimits.labelMax);
export const Label = text(personLimits.labelMax).min(1);
export const DayText = text(10)
  .regex(/^(?:[0-9]{4}|-)(?:-(?:[0-9]{2})?(?:-[0-9]{2})?)?$/, "must be like 1985-04-12, --04-12 or 1985")
  .describe("1985-04-12, --04-12 without its year, 1985 alone");
export const Day = z.iso.date();

/** Of each record. Ids, dates and counts are the service's own. */
export const labels = z
  .array(text(300))
  .describe(
    "Who said it: trust:owner the person, trust:agent an agent, trust:untrusted src:… a book or message from outside",
  );

export const Handle = z
  .object({
    id: handleId,
    kind: z.enum(["phone", "email", "username"]),
    value: text(personLimits.handleMax).describe(
      "E.164, an e-mail address, or service:name; raw: before what is not valid",
    ),
    label: Label.nullable(),
    isPreferred: z.boolean(),
    isShared: z.boolean().describe("Of several people: its messages say nothing of one of them"),
    isBusiness: z.boolean(),
    labels,
  })
  .meta({ id: "Handle" });

export const Person = z
  .object({
    id: personId,
    name: PersonName,
    kind: z.enum(["person", "organization"]),
    isListed: z.boolean().describe("False: only known from messages so far"),
    isPartial: z.boolean().describe("Known only through another person"),
    organization: text(personLimits.wordMax).nullable(),
    title: text(personLimits.wordMax).nullable(),
    handles: z.array(Handle),
    tags: z.array(Tag),
    keepInTouchDays: Count.nullable().describe("Wanted at least so often; from the tags where it is not said here"),
    lastContactAt: Time.nullable().describe("From messages, calls and meetings"),
    revision: Count,
    labels: labels.describe("Of name, organization, title and tags"),
  })
  .meta({ id: "Person" });
export type PersonRecord = z.output<typeof Person>;

export const Relation = z
  .object({
    id: relationId,
    type: Label.describe("What the other is to this person: partner, parent"),
    personId: personId,
    name: PersonName.describe("Of the other"),
    since: Day.nullable(),
    until: Day.nullable(),
    source: text(100),
    evidence: z
      .object({ text: text(2000), labels })
      .nullable()
      .describe("The words that it comes from"),
    labels,
  })
  .meta({ id: "Relation" });
export type RelationRecord = z.output<typeof Relation>;

export const Note = z
  .object({ id: noteId, personId: personId, text: text(personLimits.noteMax), source: text(100), at: Time, labels })
  .meta({ id: "Note" });
export type NoteRecord = z.output<typeof Note>;

export const ImportantDate = z
  .object({
    label: Label,
    date: DayText,
    next: Day.nullable().describe("When it comes next"),
    source: text(100),
    labels,
  })
  .meta({ id: "ImportantDate" });

export const Address = z
  .object({
    label: Label.nullish(),
    street: text(personLimits.streetMax).nullish(),
    city: text(personLimits.wordMax).nullish(),
    region: text(personLimits.wordMax).nullish(),
    postcode: text(personLimits.postcodeMax).nullish(),
    country: text(personLimits.wordMax).nullish(),
    labels,
  })
  .meta({ id: "Address" });

export const Field = z
  .object({
    name: Label,
    value: text(personLimits.textMax),
    origin: z.enum(["typed", "book", "inferred"]),
    source: text(100),
    labels,
  })
  .meta({ id: "Field", description: "What is said of a person, and by whom" });

export const PersonDetails = z
  .object({
    fields: z.array(Field),
    relations: z.array(Relation),
    dates: z.array(ImportantDate),
    addresses: z.array(Address),
    links: z.array(z.object({ url: text(personLimits.textMax), label: Label.nullable(), labels })),
    notes: z.array(Note).describe("The latest"),
    merged: z.array(z.object({ id: personId, name: PersonName, labels })).describe("Who was merged into this person"),
  })
  .meta({ id: "PersonDetails", description: "What is known of a person" });
export type PersonDetailsRecord = z.output<typeof PersonDetails>;

export const Reminder = z
  .object({
    id: reminderId,
    personId: personId,
    name: PersonName,
    text: text(500).min(1),
    dueOn: Day.nullable().describe("Null: done"),
    every: z.enum(["week", "month", "year"]).nullable(),
    labels,
  })
  .meta({ id: "Reminder" });
export type ReminderRecord = z.output<typeof Reminder>;

export const Suggestion = z
  .object({
    id: suggestionId,
    person: Person,
    other: Person,
    reasons: z.array(text(200)),
    createdAt: Time,
    labels,
  })
  .meta({ id: "Suggestion", description: "Two people who may be one" });

export const MessageHandle = z.object({
  kind: z.enum(["phone", "email", "username"]),
  value: text(personLimits.handleMax).min(1),
  name: text(personLimits.nameMax).optional(),
});

const Edit = z.object({ at: Time, text: text(messageLimits.textMax) }).meta({ id: "Edit" });
const edits = z.array(Edit).max(messageLimits.editsMax).describe("Earlier texts, the oldest first");

export const sources = ["whatsapp", "telegram", "slack", "mail", "imessage", "signal", "call", "meeting"] as const;
export const Source = z.enum(sources);

/** A message as its source tells of it. */
export const ReceivedMessage = z
  .object({
    source: Source,
    externalId: text(messageLimits.idMax).min(1).describe("The same whenever the source is read again"),
    conversation: z.object({
      id: text(messageLimits.idMax).min(1),
      title: text(messageLimits.titleMax).optional(),
      isGroup: z.boolean(),
    }),
    isFromOwner: z.boolean(),
    sender: MessageHandle.optional().describe("Left out: the owner"),
    participants: z.array(MessageHandle).max(messageLimits.participantsMax),
    sentAt: Time,
    editedAt: Time.optional(),
    edits: edits.optional(),
    subject: text(messageLimits.subjectMax).optional(),
    text: text(messageLimits.textMax),
    isDeleted: z.boolean(),
    isAutomatic: z.boolean().optional().describe("Of a machine or a list: its sender is no person"),
    attachments: z
      .array(
        z.object({
          name: text(messageLimits.fileNameMax).optional(),
          mediaType: text(messageLimits.mediaTypeMax).optional(),
          bytes: Count.optional(),
        }),
      )
      .max(messageLimits.attachmentsMax),
    replyTo: text(messageLimits.idMax).optional(),
  })
  .meta({ id: "ReceivedMessage" });
export type ReceivedMessageRecord = z.output<typeof ReceivedMessage>;

export const ReceivedReaction = z
  .object({
    source: Source,
    target: text(messageLimits.idMax).min(1),
    sender: MessageHandle.optional(),
    isFromOwner: z.boolean(),
    reaction: text(100).min(1),
    isRemoved: z.boolean(),
    at: Time,
  })
  .meta({ id: "ReceivedReaction" });
export type ReceivedReactionRecord = z.output<typeof ReceivedReaction>;

export const Message = z
  .object({
    id: ref("Message"),
    source: Source,
    conversation: z.object({ title: text(messageLimits.titleMax).nullable(), isGroup: z.boolean() }),
    isFromOwner: z.boolean(),
    personId: personId.nullable().describe("Null: the owner"),
    name: PersonName.nullable(),
    sentAt: Time,
    editedAt: Time.nullable(),
    edits,
    subject: text(messageLimits.subjectMax).nullable(),
    text: text(messageLimits.textMax),
    isDeleted: z.boolean(),
    attachments: z.array(
      z.object({
        name: text(messageLimits.fileNameMax).nullish(),
        mediaType: text(messageLimits.mediaTypeMax).nullish(),
        bytes: Count.nullish(),
      }),
    ),
    labels,
  })
  .meta({ id: "Message" });
export type PeepsMessageRecord = z.output<typeof Message>;

export const Hit = z
  .object({
    kind: z.enum(["person", "note", "message"]),
    id: z.string().describe("Of the person, note or message"),
    personId: personId.nullable(),
    name: PersonName.nullable(),
    text: text(500).describe("The words around what was found"),
    at: Time.nullable(),
    labels,
  })
  .meta({ id: "Hit" });
export type HitRecord = z.output<typeof Hit>;
