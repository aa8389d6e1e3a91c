/** The tool that gives a skill: its instructions, then its files. A skill grants no rights; it only says how. */
import type { Tool } from "@roost/agent";
import type { Step } from "@roost/kernel";
import { readSkill } from "@roost/memory";
import { z } from "zod";
import { recallOutputs } from "./seen-files.ts";
import type { ToolContext } from "./tool-context.ts";

const input = z.object({
  name: z.string().min(1).max(300).describe("Its name; or words, to find the one that fits"),
  file: z.string().min(1).max(500).optional().describe("A file of it, as its instructions name it"),
});

/** Which version of which skill a run goes by. */
export type SeenSkills = Map<string, string>;

export function recallSkills(steps: readonly Step[]): SeenSkills {
  const seen: SeenSkills = new Map();
  for (const { skill, version } of recallOutputs(steps, /^tool:use_skill#/))
    if (typeof skill === "string" && typeof version === "string") seen.set(skill, version);
  return seen;
}

export function useSkillTool({ memory, viewer, run, agent, seenSkills }: ToolContext): Tool<z.infer<typeof input>> {
  return {
    name: "use_skill",
    description:
      "Gives the instructions of a skill, or one of its files. With words instead of a name it finds skills.",
    input,
    effect: "readonly",
    execute: async ({ name, file }) => {
      const asked = { name, file, as: viewer, runId: run.id, names: agent.skills, seen: seenSkills };
      const answer = await readSkill(memory, asked);
      if ("found" in answer) {
        const hint = answer.found.length === 0 ? "There are no skills" : "No skill has this name. These may fit:";
        return { state: "done", output: { hint, found: answer.found } };
      }
      const { labels, part, ...output } = answer;
      seenSkills.set(output.skill, output.version);
      return { state: "done", output, labels, ...(part !== undefined && { parts: [part] }) };
    },
  };
}
