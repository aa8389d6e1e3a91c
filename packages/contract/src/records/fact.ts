/** What the home holds for true. */
import { z } from "zod";
import { Id, Name, Reason, text, Time } from "./fields.ts";

export const FactStatement = text(4_000).min(1).describe("In words");
const part = text(200).min(1);
/** What a fact says of what. */
export const factParts = {
  subject: part.optional().describe("Of whom or what, with attribute and value: Anna"),
  attribute: part.optional().describe("lives in"),
  value: part.optional().describe("Munich: it replaces the attribute's earlier value"),
};

export const HomeFact = z
  .object({
    id: Id,
    statement: FactStatement,
    subject: part.nullable(),
    attribute: part.nullable(),
    value: part.nullable(),
    isSingle: z.boolean().describe("The attribute has one value at a time"),
    validFrom: Time,
    validTo: Time.nullable().describe("Null: it holds"),
    recordedAt: Time,
    retractedAt: Time.nullable().describe("When it was found to be wrong"),
    reason: Reason.nullable(),
    replacedBy: Id.nullable(),
    isClaim: z.boolean().describe("It waits for a person: a job says so, or it rests on content from outside"),
    confidence: z.number().min(0).max(1),
    extractor: z.enum(["person", "agent", "nightly"]),
    by: Name,
    sourceEvent: Id.describe("The event that brought it: roost log why"),
    labels: z.array(z.string()),
  })
  .meta({ id: "HomeFact" });
export type HomeFact = z.output<typeof HomeFact>;
