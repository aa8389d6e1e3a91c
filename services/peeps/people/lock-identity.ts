/** Who is who is written by one transaction at a time: no deadlock, no person made twice, no circle of merges. */
import type { Sql } from "@roost/database";

/** Taken first by what decides whose a handle is or who is merged; held until the transaction ends. */
export async function lockIdentity(tx: Sql): Promise<void> {
  await tx.query("select pg_advisory_xact_lock(hashtextextended('svc_peeps.identity', 0))");
}
