/** Triggers of agents: where each is written, and the jobs that came of them. */
import type { JsonValue } from "@roost/base";
import type { Kernel } from "@roost/kernel";
import { triggerJobId, type WrittenTrigger } from "../files/to-trigger-job.ts";

export interface AgentTrigger extends WrittenTrigger {
  jobId: string;
  /** File and key, as in `agents/clerk.md#triggers.morning`: the set that its job belongs to. */
  source: string;
}

/** Of the agents that there are, as they were last applied, by agent. */
export async function readAgentTriggers(kernel: Kernel): Promise<AgentTrigger[]> {
  const rows = await kernel.database.query<{ id: string; source: string; triggers: Record<string, JsonValue> }>(
    `select id, source, definition -> 'triggers' as triggers from roost.agent
     where state = 'active' and source is not null and definition -> 'triggers' is not null order by id`,
  );
  return rows.flatMap(({ id: agentId, source: file, triggers }) => {
    // Settings have many agents, a file one.
    const place = file.endsWith(".md") ? "triggers" : `agents.${agentId}.triggers`;
    return Object.entries(triggers).map(([name, written]) => {
      const source = `${file}#${place}.${name.slice(0, namePartMax)}`;
      return { agentId, name, written, jobId: triggerJobId({ agentId, name }), source };
    });
  });
}

/** A longer name is none of a trigger, but is told. */
const namePartMax = 64;

interface TriggerJob {
  id: string;
  source: string;
  /** By an import: its agent, or the file that has the trigger, may come later. */
  isBrought: boolean;
}

/** Jobs that came of a trigger, of agents that there are or were. */
export async function listTriggerJobs(kernel: Kernel): Promise<TriggerJob[]> {
  return kernel.database.query(
    `select id, source, brought is not null as "isBrought" from roost.job where state <> 'removed' and source like '%#%triggers.%'
       and exists (select 1 from roost.agent where agent.id = regexp_replace(job.id, '[.][^.]*$', '')) order by id`,
  );
}
