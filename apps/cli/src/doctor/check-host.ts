/** What a joined host runs: whether this machine has the secrets for it. */
import { readJoinedHome } from "@roost/memory/joined-home";
import { whyUnresolved } from "@roost/memory/settings";
import type { Check } from "./check.ts";

/** None: the directory is no host's, or it runs nothing that resolves secrets. */
export async function checkHost(homeDir: string, env: Record<string, string | undefined>): Promise<Check[]> {
  const runs = (await readJoinedHome(homeDir))?.runs;
  const checks = (runs?.secrets ?? []).map(async (reference): Promise<Check> => {
    const name = `secret ${reference}`;
    const problem = await whyUnresolved(reference, { homeDir, env });
    if (problem === undefined) return { name, state: "good", text: "is here" };
    return { name, state: runs?.workers === undefined ? "warn" : "bad", text: problem };
  });
  return await Promise.all(checks);
}
