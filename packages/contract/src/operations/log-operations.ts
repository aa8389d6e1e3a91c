/** The log: topics, events by offset, a live tail, registered schemas. */
import { z } from "zod";
import { compatibilityModes } from "../define-event.ts";
import { defineOperation } from "../define-operation.ts";
import { Event, EventSchema, Topic } from "../records/event.ts";
import {
  Count,
  JsonFields,
  Name,
  pageOf,
  pageFields,
  Reason,
  ref,
  SessionKey,
  SmallCount,
  Text,
  text,
  WrittenTime,
} from "../records/fields.ts";

/** Sessions, and runs, of a stream for a whole screen. */
const watchedMax = 20;

export const listTopics = defineOperation({
  id: "listTopics",
  method: "GET",
  path: "/topics",
  summary: "Topics with their partitions and offsets",
  input: z.object({ ...pageFields }),
  output: pageOf(Topic),
  effect: "readonly",
});

export const readEvents = defineOperation({
  id: "readEvents",
  method: "GET",
  path: "/topics/{topic}/events",
  summary: "Events of one partition from an offset, in order",
  input: z.object({
    topic: Name,
    partition: SmallCount.default(0),
    offset: Count.optional().describe("First offset to read; default: the earliest. Refused when it is no longer kept"),
    limit: pageFields.limit,
  }),
  output: z.object({
    items: z.array(Event),
    nextOffset: Count.describe("Pass it as `offset` to continue"),
    headOffset: Count.describe("The offset of the next event to be appended"),
  }),
  errors: ["not_found"],
  effect: "readonly",
});

export const tailEvents = defineOperation({
  id: "tailEvents",
  method: "GET",
  path: "/events",
  summary: "A live stream of the events of several topics",
  description:
    "The id of each item is the position in every partition that is read (`runs/0:12,runs/1:7`); passed as `after` or Last-Event-ID, nothing is skipped or repeated. The stream does not end by itself.",
  input: z.object({
    topics: z.array(Name).max(50).optional().describe("Default: all"),
    types: z.array(Name).max(100).optional(),
    subject: text(1024).optional(),
    after: text(8000).optional(),
    last: Count.max(500).default(0).describe("Start this many events back; `after` overrides it"),
    since: WrittenTime.optional().describe("Start with the first event since then; `after` and `last` override it"),
  }),
  output: Event,
  errors: ["not_found"],
  effect: "readonly",
  stream: true,
});

export const HomeUpdate = z
  .discriminatedUnion("kind", [
    z.object({ kind: z.literal("event"), event: Event }),
    z.object({
      kind: z.literal("text"),
      sessionKey: ref("Session", SessionKey),
      runId: ref("Run"),
      text: Text.describe("The next part of an answer; not repeated after a reconnect"),
    }),
    z.object({
      kind: z.literal("remark"),
      sessionKey: ref("Session", SessionKey),
      runId: ref("Run"),
      text: Text.describe("News for a waiting person, such as a model that is silent; not repeated after a reconnect"),
    }),
    z.object({
      kind: z.literal("output"),
      runId: ref("Run"),
      step: Name.describe("Of the tool that writes, as in `tool:exec#2`"),
      text: Text.describe("What a program has written so far; the step has all of it. Not repeated after a reconnect"),
    }),
  ])
  .meta({ id: "HomeUpdate" });
export type HomeUpdate = z.output<typeof HomeUpdate>;

export const watchHome = defineOperation({
  id: "watchHome",
  method: "GET",
  path: "/watch",
  summary: "One live stream for a whole screen: every event, and what models write and programs print in what it shows",
  description:
    "Positions are those of tailEvents. Each item is named after its kind. The stream does not end by itself.",
  input: z.object({
    sessions: z
      .array(SessionKey)
      .max(watchedMax)
      .optional()
      .describe("Whose texts come, too; takes the scope of watchSession"),
    runs: z
      .array(ref("Run"))
      .max(watchedMax)
      .optional()
      .describe("Whose programs' output comes, too; takes the scope of watchRun"),
    after: text(8000).optional(),
  }),
  output: HomeUpdate,
  errors: ["not_found"],
  effect: "readonly",
  access: { scope: "events:read" },
  stream: true,
});

export const listSchemas = defineOperation({
  id: "listSchemas",
  method: "GET",
  path: "/schemas",
  summary: "Registered schemas of events, by type and version",
  input: z.object({ ...pageFields, type: Name.optional() }),
  output: pageOf(EventSchema),
  effect: "readonly",
});

export const checkSchema = defineOperation({
  id: "checkSchema",
  method: "POST",
  path: "/schemas/check",
  summary: "Checks whether a schema could be registered, without registering it",
  input: z.object({
    type: Name,
    version: SmallCount.min(1).optional().describe("Default: one after the newest"),
    topic: Name.optional().describe("Default: that of earlier versions"),
    compatibility: z.enum(compatibilityModes).optional().describe("Default: that of the newest version"),
    schema: JsonFields.describe("JSON Schema, draft 2020-12"),
  }),
  output: z.object({
    verdict: z.enum(["new", "same", "compatible", "refused"]),
    version: Count.describe("The version it would get"),
    compatibility: z.enum(compatibilityModes),
    reason: Reason.nullable(),
    path: z.string().max(2000).nullable().describe("Where in the data it is incompatible"),
  }),
  effect: "readonly",
});

export const logOperations = [listTopics, readEvents, tailEvents, watchHome, listSchemas, checkSchema] as const;
