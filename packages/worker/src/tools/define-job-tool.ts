import type { JsonSchemaInput, Tool } from "@roost/agent";
import { listComplaints, toJsonSchema } from "@roost/contract";
import { NamedJobDefinition } from "@roost/contract/operations";
import { defineJob } from "@roost/jobs";
import type { z } from "zod";
import { toJson, type ToolContext } from "./tool-context.ts";

const input = NamedJobDefinition.pick({
  id: true,
  title: true,
  trigger: true,
  prompt: true,
  timeoutMs: true,
  activeHours: true,
  overlap: true,
  catchUp: true,
  inputs: true,
});

/** Creates a job or replaces its definition. The new job is a cron: it sees no more than crons do. */
export function defineJobTool({ kernel, memory, run, actor }: ToolContext): Tool<z.infer<typeof input>> {
  return {
    name: "define_job",
    description:
      "Creates or changes a job that starts runs by itself: at a cron time, every so often, once at a time, on an event, or by hand. Its runs are isolated: put all they need to know into the prompt. The same definition again changes nothing.",
    input: schema,
    effect: "idempotent",
    reach: ({ id }) => ({ target: id, isOutside: false }),
    execute: async (given, { labels }) => {
      const definition = input.parse(given);
      const { change, version } = await defineJob(
        kernel,
        { ...definition, session: "cron" },
        { by: actor, timeZone: memory.timeZone, causation: run.causeId, correlation: run.correlation, labels },
      );
      return { state: "done", output: toJson({ jobId: definition.id, change, version }) };
    },
  };
}

const schema: JsonSchemaInput = {
  jsonSchema: toJsonSchema(input, { io: "input" }),
  validate: (value) => listComplaints(input, value),
};
