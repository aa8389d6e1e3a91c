import type { EventSchema } from "@roost/kernel";
import { roostEvents } from "@roost/contract/events";

/** What writers append beside what runs say: an id that the outside world is told once it is durable. */
const noteWritten: EventSchema = {
  type: "note.written",
  version: 1,
  topic: "notes",
  compatibility: "backward_transitive",
  schema: { type: "object", properties: { n: { type: "number" } }, required: ["n"], additionalProperties: false },
};

export const chaosEvents = [...roostEvents, noteWritten];

/** The group that counts notes, and the table in which it does. */
export const chaosGroup = "chaos";
export const chaosTopic = noteWritten.topic;
