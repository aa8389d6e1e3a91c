/** A model of `models:` in roost.yaml: where it answers, what it costs and how it is asked. */
import { SecretReference } from "@roost/contract/operations";
import { z } from "zod";
import { Model, PriceUsd } from "./caps.ts";
import { Duration } from "./duration.ts";
import { Slug } from "./slug.ts";

const Price = z.strictObject({
  inputUsd: PriceUsd,
  outputUsd: PriceUsd,
  cachedInputUsd: PriceUsd.optional(),
});

const providerFields = {
  id: Slug.describe("Its name here"),
  model: Model.describe("As its server calls it"),
  price: Price.optional().describe("Dollars for a million tokens; without it only tokens are counted"),
  contextTokensMax: z
    .number()
    .int()
    .min(1024)
    .optional()
    .describe("Context size, prompt and reply together. Default 128000, or what the server reports"),
  outputTokensMax: z
    .number()
    .int()
    .min(16)
    .max(1_000_000)
    .optional()
    .describe(
      "The longest reply to request. Default: 8192, 16384 for reasoning models, at most a quarter of the context",
    ),
  silenceMax: Duration.refine((ms) => ms >= 1000 && ms <= 86_400_000, "must be from 1s to 24h")
    .optional()
    .describe(
      "The model is given up after this long without a single byte. Default 3m, or 10m for a server that is asked for one thing at a time",
    ),
  oneAtATime: z
    .boolean()
    .optional()
    .describe(
      "Its server gets one call at a time, from all workers together. Default: true at the ports of Ollama, llama.cpp and LM Studio on this machine",
    ),
  temperature: z.number().min(0).max(2).optional(),
  tools: z
    .union([z.boolean(), z.literal("text")])
    .optional()
    .describe("`text`: tools are described and called as text, for a model that takes none; false: it only chats"),
  output: z
    .array(z.enum(["image", "audio"]))
    .min(1)
    .max(2)
    .optional()
    .describe("What the model is asked to make beside text, if it can: stored as parts, shown by roost part"),
  input: z
    .array(z.enum(["text", "image", "audio", "file"]))
    .min(1)
    .max(4)
    .optional()
    .describe(
      "What the model takes; file means PDF. Default: text and image, or what the server tells. Anything else is named to it and to you",
    ),
};

export const ModelProvider = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("openai-compatible"),
    ...providerFields,
    baseUrl: z.url({ protocol: /^https?$/ }).describe("Its address, such as http://127.0.0.1:11434/v1"),
    apiKey: SecretReference.optional().describe("Where its key is, such as env:NAME"),
    headers: z.record(z.string(), z.string().max(4096)).optional().describe("Sent with each request"),
    streaming: z.boolean().optional().describe("false: whole answers are requested"),
  }),
  z.strictObject({
    kind: z.literal("openrouter"),
    ...providerFields,
    baseUrl: z.url({ protocol: /^https?$/ }).optional(),
    apiKey: SecretReference.describe("Where its key is, such as env:NAME"),
  }),
]);
