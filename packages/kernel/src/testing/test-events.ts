import { defineEvent } from "@roost/contract";
import { z } from "zod";

/** Events of this package's own tests: what they say does not matter. */
export const noteWritten = defineEvent({ type: "note.written", version: 1, topic: "notes", schema: z.object({ n: z.number() }) });
export const taskDone = defineEvent({ type: "task.done", version: 1, topic: "tasks", schema: z.object({ n: z.number(), text: z.string().optional() }) });
export const testEvents = [noteWritten, taskDone];
