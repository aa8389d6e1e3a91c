import type { KernelTransaction } from "../transact.ts";
import { leaseLost } from "./lease-lost.ts";
import type { Owned } from "./run.ts";

/** Records that a run uses no model and has no effects, so that its text counts as rehearsed. */
export async function markRehearsal(tx: KernelTransaction, owned: Owned): Promise<void> {
  // Invariant: only the owner of the run records this.
  const rows = await tx.query(
    `update roost.run set is_rehearsed = true where id = $1 and epoch = $2 and state = 'running' returning 1`,
    [owned.runId, owned.epoch],
  );
  if (rows.length === 0) throw leaseLost(owned);
}
