/** The tool that makes and changes jobs. It merges by field; what a definition may hold is checked where jobs are defined. */
import type { JsonSchemaInput, Tool } from "@roost/agent";
import { RoostError, toRoostError } from "@roost/base";
import { listComplaints, toJsonSchema } from "@roost/contract";
import { NamedJobDefinition } from "@roost/contract/operations";
import { defineJob, getJob, type ChangedJob } from "@roost/jobs";
import type { z } from "zod";
import { ownJob, refuseMoreJobs, refuseWiderJob } from "./refuse-wider-job.ts";
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
}).partial({ trigger: true, prompt: true });

const againNote =
  "this job had been removed, and the person is told that it is back: unless they asked for it, pause it and say so";

const fileNote = (file: string) =>
  `${file} still has the earlier definition, which replaces this one once that file changes: change it there too`;

/** Another change between reading a job and writing it is read again. */
const triesMax = 4;

/**
 * Creates a job, or changes the fields that are given. A new job is a cron: it sees no more than crons do. Its runs have no more than the run that
 * defines it: the same agent, and of its tools those that the run's own job allows.
 */
export function defineJobTool(context: ToolContext): Tool<z.infer<typeof input>> {
  return {
    name: "define_job",
    description:
      "Creates a job that starts runs by itself: at a cron time, every so often, once at a time, on an event, or by hand. Its runs are isolated: put all they need to know into the prompt. Of a job that there is, the fields that you give are changed and the others stay.",
    input: schema,
    effect: "idempotent",
    reach: ({ id }) => ({ target: id, isOutside: false }),
    execute: async (given, { labels }) => {
      const { jobId, change, version, differences, isAgain, source } = await define(context, given, labels);
      const changed = change === "changed" ? { changed: differences.map(({ path }) => path).slice(0, 50) } : {};
      const file = source?.startsWith("jobs/") === true && change === "changed" ? fileNote(source) : undefined;
      const note = isAgain === true ? againNote : file;
      return {
        state: "done",
        output: toJson({ jobId, change, version, ...changed, ...(note !== undefined && { note }) }),
      };
    },
  };
}

async function define(
  context: ToolContext,
  given: z.infer<typeof input>,
  labels: Parameters<typeof defineJob>[2]["labels"],
): Promise<ChangedJob & { source?: string | null | undefined }> {
  const { kernel, memory, run, actor } = context;
  const parsed = input.parse(given);
  // A default is no field that was given.
  const fields = Object.fromEntries(Object.entries(parsed).filter(([name]) => Object.hasOwn(given, name)));
  const cause = { by: actor, timeZone: memory.timeZone, causation: run.causeId, correlation: run.correlation, labels };
  for (let tries = 1; ; tries += 1) {
    const there = await getJob(kernel, parsed.id).catch(unlessUnknown);
    const isThere = there !== undefined && there.state !== "removed";
    if (isThere) refuseWiderJob(context, there.definition);
    else {
      requireWhole(parsed);
      await refuseMoreJobs(context);
    }
    const isTimed = parsed.trigger !== undefined || parsed.activeHours !== undefined;
    try {
      const answer = await (isThere
        ? defineJob(
            kernel,
            { ...there.definition, ...fields, id: parsed.id },
            {
              ...cause,
              expectedVersion: there.version,
              ...(!isTimed && { timeZone: there.timeZone }),
            },
          )
        : defineJob(kernel, { ...parsed, ...ownJob(context), session: "cron" }, { ...cause, expectedVersion: 0 }));
      return { ...answer, source: there?.source };
    } catch (error) {
      if (toRoostError(error).code !== "conflict" || tries === triesMax) throw error;
    }
  }
}

function requireWhole({ id, trigger, prompt }: z.infer<typeof input>): void {
  const missing = [...(trigger === undefined ? ["trigger"] : []), ...(prompt === undefined ? ["prompt"] : [])];
  if (missing.length > 0)
    throw new RoostError("invalid_input", `there is no job ${id}: a new one needs ${missing.join(" and ")}`);
}

function unlessUnknown(error: unknown): undefined {
  if (toRoostError(error).code !== "not_found") throw error;
}

const schema: JsonSchemaInput = {
  jsonSchema: toJsonSchema(input, { io: "input" }),
  validate: (value) => listComplaints(input, value),
};
