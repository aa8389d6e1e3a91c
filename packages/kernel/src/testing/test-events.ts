import type { EventDefinition } from "@roost/contract";
import { roostEvents } from "@roost/contract/events";
import type { EventSchema } from "../log/event-schema.ts";

/** Event types for this package's tests; their content does not matter. */
export const testEvents: EventSchema[] = [
  {
    type: "note.written",
    version: 1,
    topic: "notes",
    compatibility: "backward_transitive",
    schema: {
      type: "object",
      properties: { n: { type: "number" }, text: { type: "string" } },
      required: ["n"],
      additionalProperties: false,
    },
  },
  {
    type: "task.done",
    version: 1,
    topic: "tasks",
    compatibility: "backward_transitive",
    schema: { type: "object", properties: { n: { type: "number" } }, required: ["n"], additionalProperties: false },
  },
];

/** With Roost's own types, which workers and consumer groups emit. */
export const groupTestEvents: (EventSchema | EventDefinition)[] = [...roostEvents, ...testEvents];

/** A note with its own subject, so that notes spread over the partitions. */
export const note = (n: number, subject = `s${n}`) => ({ type: "note.written", subject, data: { n } });
