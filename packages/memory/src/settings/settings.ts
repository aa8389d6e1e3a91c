/** roost.yaml as a value: a person's settings for the home. Secrets are references. */
import { reservedFor } from "@roost/contract";
import {
  agentDefinitionShape,
  deliveryTargets,
  SecretReference,
  servicePattern,
  TimeZone,
} from "@roost/contract/operations";
import { z } from "zod";
import { Duration } from "./duration.ts";
import { Embeddings } from "./embeddings.ts";
import { Exec } from "./exec.ts";
import { Hook, hooksMax } from "./hook.ts";
import { Consolidation, Nightly } from "./nightly.ts";
import { Caps, clockTime, Model } from "./caps.ts";
import { ModelProvider } from "./model-provider.ts";
import { OutsideSource, outsideSourcesMax } from "./outside-source.ts";
import { Slug } from "./slug.ts";
import { ToolServer, toolServersMax } from "./tool-server.ts";

const Windows = { hour: Caps.optional(), day: Caps.optional(), month: Caps.optional(), total: Caps.optional() };

const ActiveHours = z.strictObject({
  start: z.string().regex(clockTime, "must be a time of day like 08:00"),
  end: z.string().regex(clockTime, "must be a time of day like 22:30 or 24:00"),
  timeZone: TimeZone.optional(),
});

const Heartbeat = z.strictObject({
  enabled: z.boolean().default(true),
  every: Duration.refine((ms) => ms >= 1000, "must be at least 1s")
    .default(1_800_000)
    .describe("How often it checks; a model is called only when something has changed. Default 30m"),
  activeHours: ActiveHours.optional().describe("When it checks, start inclusive, end exclusive. Default: always"),
  target: z
    .enum(["console", ...deliveryTargets, "none"])
    .optional()
    .describe("Where its messages go; default: the webhook or Telegram, where one is set, else the console"),
  prompt: z.string().max(50_000).optional().describe("Takes the place of Roost's own prompt"),
  agent: Slug.default("main"),
  model: Model.optional(),
  ackCharsMax: z
    .number()
    .int()
    .min(0)
    .max(10_000)
    .default(300)
    .describe("An answer with HEARTBEAT_OK and at most so many characters beside it is not sent"),
  quietMsMax: Duration.optional().describe("A model is called after this long even without changes; default: never"),
  staleAfter: Duration.default(21_600_000).describe(
    "Age after which an unconfirmed state file is called stale. Default 6h",
  ),
  budget: Caps.optional().describe("Of one heartbeat"),
  sources: z
    .record(Slug, OutsideSource)
    .refine((sources) => Object.keys(sources).length <= outsideSourcesMax, `has more than ${outsideSourcesMax} sources`)
    .default({})
    .describe("Mailboxes and calendars that it looks at, read only: new mail, and events that begin soon"),
});

const ShortName = z.string().regex(servicePattern, "must be 1 to 31 lower-case letters, digits and -");
const ServiceName = ShortName.refine(
  (name) => reservedFor(name) === undefined,
  "is a command of roost, or what hosts run beside services: a service is named otherwise",
);

/** `example.com`, `192.168.1.5:8123`, `10.0.0.0/8`. */
const HostRule = z.string().min(1).max(255);

export const Settings = z.strictObject({
  timeZone: TimeZone.optional().describe("Time zone of schedules, notes and agents; default: the machine's"),
  workers: z.number().int().min(1).max(64).optional().describe("Worker processes; default: 2"),
  models: z
    .array(ModelProvider)
    .max(50)
    .optional()
    .describe("Used in this order, the next when one fails; default: what the environment names or this machine runs"),
  embeddings: Embeddings.optional().describe(
    "Recall and routing find what is said in other words by the vectors of this model",
  ),
  routing: z
    .strictObject({
      model: Model.optional().describe(
        "A small model that is asked whom a message is meant for where words and vectors leave it open. Default: none, and the person is asked",
      ),
    })
    .prefault({})
    .describe("How roost ask finds the agent that a message is meant for"),
  agents: z
    .record(Slug, z.strictObject({ ...agentDefinitionShape, budget: Caps.optional().describe("Of one run") }))
    .default({})
    .describe("Agents by name; a file agents/NAME.md says the same"),
  budgets: z
    .strictObject({
      ...Windows,
      jobs: z.record(Slug, z.strictObject(Windows)).optional(),
      agents: z.record(Slug, z.strictObject(Windows)).optional(),
    })
    .default({ day: { usdMax: 10, tokensMax: 20_000_000 } })
    .describe(
      "Caps of the whole home, and of all runs of a job or an agent. Default: 10 dollars and 20 million tokens a day",
    ),
  heartbeat: Heartbeat.prefault({}),
  memory: z.strictObject({ nightly: Nightly.prefault({}), consolidation: Consolidation.prefault({}) }).prefault({}),
  http: z
    .strictObject({
      allow: z.array(HostRule).max(200).default([]).describe("Hosts with private addresses that http tools may reach"),
      keyed: z.array(HostRule).max(200).default([]).describe("Hosts known to honour the Idempotency-Key header"),
    })
    .prefault({}),
  proxy: z
    .strictObject({
      routes: z
        .record(Slug, z.array(Model).min(1).max(20))
        .default({})
        .describe("Names for /v1 that stand for several models, tried in order, such as `openrouter/a/b`"),
    })
    .prefault({}),
  services: z
    .array(ServiceName)
    .max(200)
    .refine((names) => new Set(names).size === names.length, "names a service twice")
    .default([])
    .describe("Domain services that run: names of folders below services/ of Roost or of the home"),
  hooks: z
    .array(Hook)
    .max(hooksMax)
    .refine((hooks) => new Set(hooks.map(({ name }) => name)).size === hooks.length, "names a hook twice")
    .default([])
    .describe("Commands that are asked at points of a run, and may refuse or annotate"),
  exec: Exec.describe("Programs that agents run in a sandbox"),
  mcp: z
    .record(ShortName, ToolServer)
    .refine((servers) => Object.keys(servers).length <= toolServersMax, `has more than ${toolServersMax} servers`)
    .default({})
    .describe("Servers of tools (Model Context Protocol); an agent has the tools of those that it names under mcp"),
  retention: z
    .strictObject({
      topics: z
        .record(
          z.string().regex(/^[a-z][a-z0-9_-]{0,62}$/, "must be a topic, as roost log topics lists them"),
          Duration,
        )
        .optional()
        .describe("Events, by topic of the log"),
      runs: Duration.optional().describe("Ended runs with their steps; whole months are dropped"),
      ticks: Duration.optional().describe("Past moments of jobs"),
      largeFiles: z
        .strictObject({
          count: z
            .number()
            .int()
            .min(1)
            .max(1_000)
            .default(5)
            .describe("Of one file, besides what it is now. Default 5"),
          gib: z.number().min(0).max(100_000).default(20).describe("GiB, of all files together. Default 20"),
        })
        .prefault({})
        .describe("Old versions of files above 1 MiB; of smaller ones all are kept"),
    })
    .prefault({})
    .describe("How long history is kept. Default: for ever, but for versions of large files"),
  listen: z
    .strictObject({
      host: z
        .string()
        .min(1)
        .max(255)
        .optional()
        .describe("Address to listen on; beyond loopback it needs tls or trustedProxies. Default: 127.0.0.1"),
      port: z.number().int().min(0).max(65_535).optional().describe("Default: 7717, or a free one"),
      names: z
        .array(
          z
            .string()
            .regex(
              /^[a-z0-9.-]{1,253}(?::[0-9]{1,5})?$/,
              "must be a host name in lower case, with a port where it is not 80 or 443",
            ),
        )
        .max(20)
        .optional()
        .describe("Names under which others reach it, such as roost.example"),
      tls: z
        .strictObject({ cert: z.string().min(1).max(1_024), key: z.string().min(1).max(1_024) })
        .optional()
        .describe("Files in PEM form, the chain and the key; read again when they change"),
      trustedProxies: z
        .array(z.string().min(1).max(64))
        .max(50)
        .optional()
        .describe("Addresses and ranges of the proxies in front, whose X-Forwarded headers count"),
      tailscale: z
        .strictObject({
          port: z
            .number()
            .int()
            .min(1)
            .max(65_535)
            .optional()
            .describe("A port of 127.0.0.1; default: the socket .roost/serve.sock"),
          logins: z
            .array(z.string().min(1).max(255))
            .min(1)
            .max(20)
            .describe("Of the tailnet, whose devices are yours"),
        })
        .optional()
        .describe("A listener that Tailscale Serve alone reaches: who it says calls, calls"),
    })
    .default({})
    .describe("Where the gateway listens"),
  channels: z
    .strictObject({
      telegram: z
        .strictObject({
          token: SecretReference.describe("The bot's token, as @BotFather gives it"),
          apiUrl: z
            .url({ protocol: /^https?$/ })
            .optional()
            .describe("Of a Bot API server of your own"),
        })
        .optional(),
    })
    .default({})
    .describe("Chats in which you and others write to your agents"),
  notify: z
    .strictObject({
      webhook: z
        .strictObject({
          url: z.url({ protocol: /^https?$/ }).describe("Where notices are sent"),
          tokenRef: SecretReference.optional().describe("Sent as a bearer token"),
          keyRef: SecretReference.optional().describe(
            "What messages are signed with, `whsec_…` (default: made by Roost, in `.roost/webhook-key`)",
          ),
        })
        .optional(),
    })
    .default({}),
});

export type Settings = z.output<typeof Settings>;
export type ProviderSettings = NonNullable<Settings["models"]>[number];
export type HeartbeatSettings = Settings["heartbeat"];

/** The settings as roost.yaml writes them: durations like 30m. */
export function writtenSettings(settings: Settings): z.input<typeof Settings> {
  return z.encode(Settings, settings);
}

/** JSON Schema of roost.yaml, as it is written. */
export function settingsSchema(): object {
  return z.toJSONSchema(Settings, { io: "input", unrepresentable: "any" });
}
