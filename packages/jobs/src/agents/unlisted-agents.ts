/** Agents from before agents were closed lists whose files name no tools yet: they keep what they had until their files name some. */
import { raiseNotice, type Kernel } from "@roost/kernel";

/** Their tools, by agent. */
export async function readUnlistedAgents(kernel: Kernel): Promise<ReadonlyMap<string, string[]>> {
  const rows = await kernel.database.query<{ id: string; tools: string[] }>(
    "select agent_id as id, tools from roost.unlisted_agent order by agent_id",
  );
  return new Map(rows.map(({ id, tools }) => [id, tools]));
}

/** From now on their tools are those that their files name; the person is told, once. */
export async function forgetUnlistedAgents(
  kernel: Kernel,
  ids: readonly string[],
  { told }: { told: string | undefined },
): Promise<void> {
  await kernel.transact(async (tx) => {
    const rows = await tx.query("delete from roost.unlisted_agent where agent_id = any($1) returning agent_id", [ids]);
    if (rows.length > 0 && told !== undefined) raiseNotice(tx, { level: "warning", text: told, source: "home" });
  });
}
