/** Prompts of the home: its skills, with what they are to be used for, and what its jobs are told. */
import { ProtocolError, ProtocolErrorCode, type GetPromptResult, type Prompt } from "@modelcontextprotocol/server";
import { clipText } from "@roost/contract/operations";
import { getJob, listJobs } from "@roost/jobs";
import type { McpPrompts } from "@roost/mcp";
import { listSkills, readSkillFile, type Memory } from "@roost/memory";
import { hasScope, isHidden, type McpClient } from "./mcp-client.ts";

const skillPrefix = "skill-";
const jobPrefix = "job-";
const descriptionCharsMax = 300;
/** A list of more is of use to nobody; each can be got by its name. */
const jobsListed = 500;

export function createHomePrompts(memory: Memory, client: McpClient): McpPrompts {
  const { kernel } = memory;
  const skillsOf = async () => (hasScope(client, "files:read") ? listSkills(memory, { as: client.viewer }) : []);
  const jobsOf = async () =>
    hasScope(client, "jobs:read")
      ? (await listJobs(kernel, { limit: jobsListed, states: ["active", "paused"] })).jobs
      : [];
  return {
    async list() {
      const [skills, jobs] = await Promise.all([skillsOf(), jobsOf()]);
      return [
        ...skills.map(({ name, description }): Prompt => ({
          name: skillPrefix + name,
          title: name,
          description,
          arguments: [{ name: "task", description: "What it is to be used for" }],
        })),
        ...jobs.map(({ id, definition }): Prompt => ({
          name: jobPrefix + id,
          title: definition.title ?? id,
          description: clipText(`What the job ${id} is told: ${definition.prompt}`, descriptionCharsMax),
        })),
      ];
    },
    async get(name, given) {
      const refuse = () =>
        new ProtocolError(ProtocolErrorCode.InvalidParams, `There is no prompt ${name.slice(0, 100)}`);
      try {
        if (name.startsWith(skillPrefix) && hasScope(client, "files:read")) {
          const skill = name.slice(skillPrefix.length);
          if (!(await skillsOf()).some((each) => each.name === skill)) throw refuse();
          const { body } = await readSkillFile(memory, { skill, file: "SKILL.md", as: client.viewer });
          const task = given["task"];
          return say(task === undefined || task === "" ? body : `${body}\n\nUse this skill for: ${task}`);
        }
        if (name.startsWith(jobPrefix) && hasScope(client, "jobs:read"))
          return say((await getJob(kernel, name.slice(jobPrefix.length))).definition.prompt);
      } catch (thrown) {
        if (!isHidden(thrown)) throw thrown;
      }
      throw refuse();
    },
  };
}

function say(text: string): GetPromptResult {
  return { messages: [{ role: "user", content: { type: "text", text } }] };
}
