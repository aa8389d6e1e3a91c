/** The log: topics, events by offset, events as they come, registered schemas. */
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
  SmallCount,
  text,
  WrittenTime,
} from "../records/fields.ts";

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
  summary: "Events of one partition from an offset on, in order",
  input: z.object({
    topic: Name,
    partition: SmallCount.default(0),
    offset: Count.optional().describe(
      "The first to read; the earliest that is kept when left out, refused when it is not kept any more",
    ),
    limit: pageFields.limit,
  }),
  output: z.object({
    items: z.array(Event),
    nextOffset: Count.describe("Give it as `offset` to go on"),
    headOffset: Count.describe("The offset that the next event will have"),
  }),
  errors: ["not_found"],
  effect: "readonly",
});

export const tailEvents = defineOperation({
  id: "tailEvents",
  method: "GET",
  path: "/events",
  summary: "Events of several topics as they come",
  description:
    "The id of each item is the place in every partition that is read (`runs/0:12,runs/1:7`); given as `after` or Last-Event-ID, nothing is skipped or repeated. It does not end by itself.",
  input: z.object({
    topics: z.array(Name).max(50).optional().describe("All when left out"),
    types: z.array(Name).max(100).optional(),
    subject: text(1024).optional(),
    after: text(8000).optional(),
    last: Count.max(500).default(0).describe("Begin with that many events back; `after` wins"),
    since: WrittenTime.optional().describe("Begin with the first event since then; `after` and `last` win"),
  }),
  output: Event,
  errors: ["not_found"],
  effect: "readonly",
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
  summary: "What registering a schema would say, without registering it",
  input: z.object({
    type: Name,
    version: SmallCount.min(1).optional().describe("The one after the newest when left out"),
    topic: Name.optional().describe("That of the earlier versions when left out"),
    compatibility: z.enum(compatibilityModes).optional().describe("That of the newest version when left out"),
    schema: JsonFields.describe("JSON Schema, draft 2020-12"),
  }),
  output: z.object({
    verdict: z.enum(["new", "same", "compatible", "refused"]),
    version: Count.describe("That it would have"),
    compatibility: z.enum(compatibilityModes),
    reason: Reason.nullable(),
    path: z.string().max(2000).nullable().describe("Where in the data it does not fit"),
  }),
  effect: "readonly",
});

export const logOperations = [listTopics, readEvents, tailEvents, listSchemas, checkSchema] as const;
