/** Events as they are read from the log, and what is derived of their causes. */
import { z } from "zod";
import { compatibilityModes } from "../define-event.ts";
import { Count, Id, JsonFields, Name, Reason, Time, WholeMs, ref } from "./fields.ts";

const Offset = Count.describe("Dense within the partition, in commit order");

/** CloudEvents attributes with the coordinates of the log. */
export const Event = z
  .object({
    topic: Name,
    partition: Count,
    offset: Offset,
    id: Id,
    type: Name,
    version: Count.describe("Of the type's schema"),
    source: z.string().max(1000),
    subject: z.string().max(1024).nullable(),
    time: Time,
    data: JsonFields,
    correlation: Id.describe("Id of the first event of everything that belongs together"),
    causation: Id.nullable().describe("Id of the event that led to this one"),
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
export type Topic = z.output<typeof Topic>;

export const EventSchema = z
  .object({
    type: Name,
    version: Count,
    topic: Name,
    compatibility: z.enum(compatibilityModes),
    schema: JsonFields.describe("JSON Schema, draft 2020-12"),
    isUpcast: z.boolean().describe("What was written before is read through an upcaster"),
    registeredAt: Time,
  })
  .meta({ id: "EventSchema" });
export type EventSchema = z.output<typeof EventSchema>;

/** One event in the story of a run. A flat list with parents, in order, stands for the tree. */
export const CausalNode = z
  .object({
    eventId: Id,
    parentId: Id.nullable().describe("The event that led to it, when it is in the list"),
    depth: Count,
    type: Name,
    subject: z.string().max(1024).nullable(),
    time: Time,
    text: Reason.describe("What happened, in one line"),
    runId: ref("Run").nullable(),
    jobId: ref("Job").nullable(),
  })
  .meta({ id: "CausalNode" });
export type CausalNode = z.output<typeof CausalNode>;
