/**
 * What a run may have jobs do: no more than it may itself, and how many it may add. Its words become the prompt of their runs, by the tool or by a file
 * of jobs. Only the person's own sessions change jobs at all.
 */
import { isDeepStrictEqual } from "node:util";
import { isJsonObject, RoostError, toRoostError, type JsonObject } from "@roost/base";
import type { JobDefinition } from "@roost/contract/operations";
import { countJobs } from "@roost/jobs";
import { parseJobDocuments } from "@roost/jobs/files";
import { toolsOfJob } from "@roost/memory";
import type { ToolContext } from "./tool-context.ts";

type Reach = Pick<JobDefinition, "agent" | "tools">;

const mainAgent = "main";
/** Of the home, beyond which runs add none: jobs that go on by themselves are a way to spend without end. */
const jobsMax = 1_000;
/** Of a file, by one write. */
const addedMax = 50;

const agentOf = ({ run }: ToolContext) => run.agent ?? mainAgent;

/** Of a new job. */
export function ownJob(context: ToolContext): { agent: string; tools: string[] | undefined } {
  return { agent: agentOf(context), tools: toolsOfJob(context.run) };
}

/** @throws RoostError `forbidden` for a job whose runs have what this one does not */
export function refuseWiderJob(context: ToolContext, { agent, tools }: Reach): void {
  const { run, agent: own } = context;
  const { agents: named = [] } = own;
  if (agent !== agentOf(context) && !named.includes(agent) && !named.includes("*"))
    throw forbidden(`it is a job of ${agent}, to which this agent gives no tasks (agents)`);
  const ofRun = toolsOfJob(run);
  const more = ofRun === undefined ? [] : (tools?.filter((name) => !ofRun.includes(name)) ?? ["all of its agent's"]);
  if (more.length > 0) throw forbidden(`its runs have more tools than this one: ${more.slice(0, 5).join(", ")}`);
}

/** @throws RoostError `limit_exceeded` where the home has as many as runs may fill it with */
export async function refuseMoreJobs({ kernel }: ToolContext, added = 1): Promise<void> {
  if (added > addedMax)
    throw new RoostError(
      "limit_exceeded",
      `this file would add ${added} jobs at once (limit ${addedMax}): write fewer, or ask the person`,
    );
  const count = await countJobs(kernel);
  if (count + added <= jobsMax) return;
  throw new RoostError(
    "limit_exceeded",
    `runs add no more jobs to a home of ${count} jobs (limit ${jobsMax}): change one, or ask the person`,
  );
}

/** Of a file of jobs: what stands there already the person, or another run, has answered for. @throws RoostError `forbidden`, `limit_exceeded` */
export async function refuseWiderFile(
  context: ToolContext,
  { before, text }: { before: string; text: string },
): Promise<void> {
  const known = jobsIn(before);
  const others = jobsIn(text).filter((job) => !known.some((each) => isDeepStrictEqual(each, job)));
  for (const job of others) {
    const { agent = mainAgent, tools } = job as Partial<Reach>;
    refuseWiderJob(context, { agent, tools });
  }
  const added = others.filter((job) => known.every((each) => each["id"] !== job["id"])).length;
  if (added > 0) await refuseMoreJobs(context, added);
}

/** Of a text that is no file of jobs none: it is not applied. */
function jobsIn(text: string): JsonObject[] {
  try {
    return parseJobDocuments(text).filter(isJsonObject);
  } catch (error) {
    if (toRoostError(error).code === "invalid_input") return [];
    throw error;
  }
}

function forbidden(why: string): RoostError {
  return new RoostError("forbidden", `${why}: the person changes it`);
}
