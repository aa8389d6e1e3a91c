import { SecretReference } from "@roost/contract/operations";
import { z } from "zod";
import { Model } from "./caps.ts";

/** By which recall finds what is said in other words. */
export const Embeddings = z.strictObject({
  baseUrl: z.url({ protocol: /^https?$/ }).describe("Up to and including /v1: a server with /embeddings, as of OpenAI"),
  model: Model.describe("With another model all lines are embedded anew"),
  apiKey: SecretReference.optional(),
  dimensions: z.number().int().min(64).max(4_096).optional().describe("Requested of the model. Default: its own"),
  tokensPerDayMax: z
    .number()
    .int()
    .min(1_000)
    .max(1_000_000_000)
    .default(2_000_000)
    .describe("Of lines and questions together; lines that are left follow the next day"),
});
