import type { Kernel } from "../open-kernel.ts";
import { leaseLost } from "./lease-lost.ts";
import type { Owned } from "./run.ts";

/** What only some workers have: from now on only those take the run. @throws RoostError `conflict`: the lease is lost (`isLeaseLost`) */
export async function addNeed(kernel: Kernel, owned: Owned, need: string): Promise<void> {
  // Invariant: only the owner of the run says what it needs.
  const rows = await kernel.database.query(
    `update roost.run set needs = case when $3 = any(coalesce(needs, '{}')) then needs else array_append(needs, $3) end
     where id = $1 and epoch = $2 and state = 'running' returning 1`,
    [owned.runId, owned.epoch, need],
    { name: "roost_run_need" },
  );
  if (rows.length === 0) throw leaseLost(owned);
}
