/** Events as read from the log, and what follows from their causes. */
import { z } from "zod";
import { compatibilityModes } from "../define-event.ts";
import { Count, Id, JsonFields, Name, Reason, Time, WholeMs, ref } from "./fields.ts";

const Offset = Count.describe("Dense within the partition, in commit order");

/** CloudEvents attributes and log coordinates. */
export const Event = z
  .object({
    topic: Name,
    partition: Count,
    offset: Offset,
    id: Id,
    type: Name,
    version: Count.describe("Matches the type's schema"),
    source: z.string().max(1000),
    subject: z.string().max(1024).nullable(),
    time: Time,
    data: JsonFields,
    correlation: Id.describe("Id of the first event of the chain"),
    causation: Id.nullable().describe("Id of the event that caused this one"),
    traceparent: z.string().max(64).nullable(),
    labels: z.array(Name),
  })
  .meta({ id: "Event" });
export type Event = z.output<typeof Event>;

export const Topic = z
  .object({
    name: Name,
    retentionMs: WholeMs.nullable(),
    partitions: z.array(z.object({ partition: Count, firstOffset: Offset, nextOffset: Offset })),
  })
  .meta({ id: "Topic" });
export type TopicRecord = z.output<typeof Topic>;

export const EventSchema = z
  .object({
    type: Name,
    version: Count,
    topic: Name,
    compatibility: z.enum(compatibilityModes),
    schema: JsonFields.describe("JSON Schema, draft 2020-12"),
    isUpcast: z.boolean().describe("Data of earlier versions is converted by upcasters"),
    registeredAt: Time,
  })
  .meta({ id: "EventSchema" });
export type EventSchemaRecord = z.output<typeof EventSchema>;

/** One event in the story of a run, in a flat list with parents that represents the tree. */
export const CausalNode = z
  .object({
    eventId: Id,
    parentId: Id.nullable().describe("The event that caused it, when it is in the list"),
    depth: Count,
    type: Name,
    subject: z.string().max(1024).nullable(),
    time: Time,
    text: Reason.describe("A one-line description"),
    runId: ref("Run").nullable(),
    jobId: ref("Job").nullable(),
  })
  .meta({ id: "CausalNode" });
export type CausalNodeRecord = z.output<typeof CausalNode>;
