/** What messages may say of people: suggestions with the words that they come from, and nothing that is known until the owner confirms it. */
import { defineOperation, pageFields, pageOf, ref } from "@roost/contract";
import { Count, text, Time } from "@roost/contract/operations";
import { z } from "zod";
import { factLimits, messageLimits, personLimits } from "./limits.ts";
import { Label, labels, Person, personId, PersonName, Source } from "./records.ts";

const factId = ref("Fact", z.uuid());

export const FactKind = z
  .enum(["birthday", "phone", "email", "organization", "relation", "note"])
  .describe("relation: a partner, mother or colleague of the message's author");
export type FactKindName = z.output<typeof FactKind>;

export const Fact = z
  .object({
    id: factId,
    personId,
    name: PersonName.describe("Of whom: who wrote the message"),
    kind: FactKind,
    value: text(factLimits.valueMax),
    relation: Label.nullable().describe("Of a relation: what the other is"),
    quote: text(factLimits.quoteMax).describe("Their words, from outside"),
    source: Source,
    sentAt: Time,
    labels,
  })
  .meta({ id: "Fact", description: "What a message may say of who wrote it" });
export type FactRecord = z.output<typeof Fact>;

export const suggestFacts = defineOperation({
  id: "suggestFacts",
  method: "POST",
  path: "/facts",
  summary: "Suggests what messages say of who wrote them; nothing is known before the owner confirms it",
  description:
    "Each with the words of the message that say it, letter by letter. What the message does not say is refused.",
  input: z.object({
    facts: z
      .array(
        z.object({
          source: Source,
          externalId: text(messageLimits.idMax).min(1).describe("Of the message"),
          kind: FactKind,
          value: text(factLimits.valueMax)
            .min(1)
            .describe("birthday: 1985-04-12 or --04-12; phone with its country code; relation: the other's name"),
          relation: Label.optional().describe("Of a relation: partner, mother"),
          quote: text(factLimits.quoteMax).min(1).describe("The words of the message that say it"),
        }),
      )
      .max(factLimits.perCallMax),
  }),
  output: z.object({
    added: Count,
    known: Count.describe("Suggested or known before"),
    refused: z.array(z.object({ index: Count, reason: text(300) })),
  }),
  effect: "idempotent",
});

export const listFacts = defineOperation({
  id: "listFacts",
  method: "GET",
  path: "/facts",
  summary: "Suggestions from messages that await confirmation, the oldest first",
  input: z.object({ ...pageFields, personId: personId.optional() }),
  output: pageOf(Fact),
  errors: ["not_found"],
  effect: "readonly",
});

export const answerFact = defineOperation({
  id: "answerFact",
  method: "POST",
  path: "/facts/{factId}/answer",
  summary: "Confirms what a message says, which makes it known, or declines it for good",
  input: z.object({
    factId,
    isTrue: z.boolean(),
    value: text(personLimits.nameMax).min(1).optional().describe("Where it is nearly so"),
  }),
  output: z.object({ person: Person }),
  errors: ["not_found", "conflict"],
  effect: "idempotent",
  // A person says what is true, no agent does.
  access: { audience: ["owner", "device", "client"] },
});

export const factOperations = [suggestFacts, listFacts, answerFact] as const;
