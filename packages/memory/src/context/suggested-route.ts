/**
 * What Roost's router says of a message to main, before main answers it: which agent, domain or skill it names or clearly means. Of the target only its name and
 * kind are told, since what describes it may have been written by anybody.
 */
import { byRoost } from "@roost/agent";
import { formatLabels, openLabels } from "@roost/contract/labels";
import { defaultAgent, type AgentDefinition } from "@roost/contract/operations";
import type { Run } from "@roost/kernel";
import { z } from "zod";
import type { SuggestedRoute } from "../memory.ts";
import type { ContextMessage } from "../sessions/message.ts";
import { readSkillName } from "../visibility/read-skill-name.ts";
import { toolsOfRun } from "../visibility/tools-of-run.ts";

const Suggestion: z.ZodType<SuggestedRoute> = z.object({
  kind: z.enum(["agent", "service", "skill"]),
  id: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, "must be a name that says nothing else"),
  isNamed: z.boolean(),
});

export function suggestedRoute(
  { input, agent }: Pick<Run, "input" | "agent">,
  definition: AgentDefinition,
): ContextMessage[] {
  const { data } = Suggestion.safeParse(input["suggested"]);
  if (data === undefined || (agent ?? defaultAgent) !== defaultAgent) return [];
  const how = howTo(data, definition, toolsOfRun({ input }, definition));
  if (how === undefined) return [];
  const why = data.isNamed ? "it names it" : "it is said in words like those that it is known by";
  const text = `[Roost] The next message is meant for the ${data.kind} ${data.id} (${why}): ${how}. Where that is not so, answer as ever.`;
  return [{ role: "user", text, from: byRoost, labels: formatLabels(openLabels) }];
}

/** Undefined: main does not have it. */
function howTo(
  { kind, id }: SuggestedRoute,
  { agents = [], services = [], skills }: AgentDefinition,
  tools: ReadonlySet<string>,
): string | undefined {
  if (kind === "agent")
    return agents.includes("*") || agents.includes(id)
      ? "delegate gives it the task"
      : `you cannot delegate to it; roost ask --agent ${id} asks it`;
  if (kind === "service") return services.includes(id) ? "it has tools for it" : undefined;
  const isMine = skills === undefined || skills.some((name) => readSkillName(name).name === id);
  return isMine && tools.has("use_skill") ? "use_skill gives its instructions" : undefined;
}
