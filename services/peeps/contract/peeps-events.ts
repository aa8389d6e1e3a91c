/** What happens in peeps. */
import { defineEvent } from "@roost/contract";
import { text } from "@roost/contract/operations";
import { z } from "zod";
import { personId, ReceivedMessage } from "./records.ts";

const topic = "peeps";

/** From every source; the consumer finds out whose it is. Its text is from outside. (`message.received` is a session's.) */
export const messageReceived = defineEvent({
  type: "peeps.message.received",
  version: 1,
  topic,
  subject: "source/conversation",
  schema: z.object({ message: ReceivedMessage }),
});

export const personAdded = defineEvent({
  type: "person.added",
  version: 1,
  topic,
  subject: "person id",
  schema: z.object({ personId, source: text(100) }),
});

export const personMerged = defineEvent({
  type: "person.merged",
  version: 1,
  topic,
  subject: "person id",
  schema: z.object({ personId, mergedId: personId }),
});

export const personUnmerged = defineEvent({
  type: "person.unmerged",
  version: 1,
  topic,
  subject: "person id",
  schema: z.object({ personId, unmergedId: personId }),
});

export const contactsImported = defineEvent({
  type: "contacts.imported",
  version: 1,
  topic,
  subject: "book",
  schema: z.object({
    book: text(60),
    added: z.number(),
    changed: z.number(),
    unchanged: z.number(),
    refused: z.number(),
  }),
  digest: "{added} people were added from {book}, {changed} changed, {refused} cards could not be read",
});

export const factsSuggested = defineEvent({
  type: "facts.suggested",
  version: 1,
  topic,
  schema: z.object({ count: z.number() }),
  digest: "{count} things that messages say of people wait to be confirmed: roost peeps facts",
});

export const peepsEvents = [
  messageReceived,
  personAdded,
  personMerged,
  personUnmerged,
  contactsImported,
  factsSuggested,
] as const;
