/** What a person sets up: models, the profile, and jobs that are offered. */
import { z } from "zod";
import { Count, keyText, Name, Reason, Slug, text, Usd } from "./fields.ts";
import { HomePath } from "./file.ts";
import { SecretReference } from "./third-party.ts";

const Url = z.url({ protocol: /^https?$/ }).max(2_048);
export const modelKinds = ["openai-compatible", "openrouter"] as const;

/** A model as `models:` of roost.yaml names it. */
const modelFields = {
  kind: z.enum(modelKinds),
  model: text(200).min(1).describe("As its server calls it"),
  baseUrl: Url.nullable().describe("Null: the address of its kind"),
};

export const ConfiguredModel = z
  .object({
    id: Slug,
    ...modelFields,
    key: SecretReference.nullable().describe("Where its key stands"),
    isApplied: z.boolean().describe("False: it counts from the next start on"),
  })
  .meta({ id: "ConfiguredModel" });
export type ConfiguredModelRecord = z.output<typeof ConfiguredModel>;

export const NewModel = z.object({
  ...modelFields,
  baseUrl: modelFields.baseUrl.default(null),
  key: text(4_096)
    .min(1)
    .regex(/^[\u0021-\u007e]+$/, "must be one line of printable ASCII without spaces")
    .optional()
    .describe("The key itself; kept in a file that only you can read"),
  keyRef: SecretReference.optional().describe("Where the key stands already"),
  contextTokensMax: Count.min(1_024).optional(),
  tools: z.literal("text").optional().describe("It calls none by itself: they are described to it as text"),
  isFree: z.boolean().default(false).describe("Its tokens cost nothing"),
});
export type NewModel = z.output<typeof NewModel>;

export const LocalServer = z
  .object({
    name: Name.describe("Ollama, llama.cpp or LM Studio"),
    baseUrl: Url,
    models: z
      .array(
        z.object({
          name: text(200),
          contextTokensMax: Count.nullable(),
          tools: z.literal("text").nullable().describe("text: it calls none by itself"),
        }),
      )
      .describe("Those that can chat, the one to take first"),
    note: Reason.nullable().describe("What to do before it is of use"),
  })
  .meta({ id: "LocalServer" });
export type LocalServerRecord = z.output<typeof LocalServer>;

/** One line of a Markdown file. */
export const PersonName = keyText(60).refine((name) => name.trim() !== "", "must not be blank");

export const Profile = z
  .object({
    name: PersonName.nullable().describe("Of the person, as USER.md says it; null: not told yet"),
    agentName: PersonName.nullable().describe("Of the agent, as SOUL.md says it; null: it says none"),
  })
  .meta({ id: "Profile" });

export const ExampleJob = z
  .object({
    id: Slug,
    title: Name,
    what: Reason.describe("What it does, in a sentence"),
    path: HomePath.describe("Of the file that switches it on"),
    text: text(20_000).describe("Of that file"),
    runsPerDay: Count.describe("On a day with most of them"),
    usdPerDayMax: Usd.nullable().describe("What such a day may cost at most; null: it has no cap of its own"),
    isOn: z.boolean(),
  })
  .meta({ id: "ExampleJob" });
export type ExampleJobRecord = z.output<typeof ExampleJob>;
