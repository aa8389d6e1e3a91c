/** What a model does at night with what was noted. */
import { z } from "zod";
import { Caps, clockTime, Model } from "./caps.ts";
import { Slug } from "./slug.ts";

const clockMoment = z.string().regex(clockTime, "must be a time of day like 03:30");
const nightly = {
  agent: Slug.default("main").describe("Whose model it is; no tools of it are used"),
  model: Model.optional(),
};

export const Nightly = z.strictObject({
  enabled: z.boolean().default(false).describe("Once a day a model reads what is new and keeps facts"),
  at: clockMoment.default("03:30"),
  ...nightly,
  budget: Caps.default({ usdMax: 0.05, tokensMax: 20_000, callsMax: 2 }).describe("Of one pass"),
});

export const Consolidation = z.strictObject({
  enabled: z
    .boolean()
    .default(false)
    .describe("Once a day a model reads what is new in daily notes and proposes changes of MEMORY.md"),
  at: clockMoment.default("04:00"),
  ask: z.boolean().default(true).describe("A person approves the changes; false: they are made at once"),
  ...nightly,
  budget: Caps.default({ usdMax: 0.1, tokensMax: 40_000, callsMax: 4 }).describe("Of one pass"),
});

export type NightlySettings = Pick<z.output<typeof Nightly>, "at" | "agent" | "model" | "budget">;
