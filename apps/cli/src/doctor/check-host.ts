/** What a joined host runs: whether this machine has the secrets for it. */
import { toRoostError } from "@roost/base";
import { readJoinedHome } from "@roost/memory/joined-home";
import { resolveSecret } from "@roost/memory/settings";
import type { Check } from "./check.ts";

/** None: the directory is no host's, or it runs nothing that resolves secrets. */
export async function checkHost(homeDir: string, env: Record<string, string | undefined>): Promise<Check[]> {
  const runs = (await readJoinedHome(homeDir))?.runs;
  const checks = (runs?.secrets ?? []).map(async (reference): Promise<Check> => {
    const name = `secret ${reference}`;
    return await resolveSecret(reference, { homeDir, env }).then(
      () => ({ name, state: "good", text: "is here" }),
      (error: unknown) => ({
        name,
        state: runs?.workers === undefined ? "warn" : "bad",
        text: toRoostError(error).message,
      }),
    );
  });
  return await Promise.all(checks);
}
