import { SecretReference } from "@roost/contract/operations";
import { z } from "zod";
import { Model } from "./caps.ts";

const Prefix = z.string().max(500).default("");

/** By which recall finds what is said in other words. */
export const Embeddings = z.strictObject({
  baseUrl: z.url({ protocol: /^https?$/ }).describe("Up to and including /v1: a server with /embeddings, as of OpenAI"),
  model: Model.describe("With another model all lines are embedded anew"),
  apiKey: SecretReference.optional(),
  dimensions: z.number().int().min(64).max(4_096).optional().describe("Requested of the model. Default: its own"),
  prefixes: z
    .strictObject({ question: Prefix, line: Prefix })
    .optional()
    .describe(
      "Put in front of what is asked and of what is found. Default: what models of this name learned with, such as e5",
    ),
  tokensPerDayMax: z
    .number()
    .int()
    .min(1_000)
    .max(1_000_000_000)
    .default(2_000_000)
    .describe("Of lines and questions together; lines that are left follow the next day"),
});
