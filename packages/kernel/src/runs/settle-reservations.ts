import type { Sql } from "@roost/database";
import type { RunHead } from "./lock-runs.ts";

/** What these runs have reserved and not settled counts as spent, since the actual amount is unknown. Their rows are locked. */
export async function settleReservations(
  tx: Sql,
  runs: readonly Pick<RunHead, "id" | "reservationCount">[],
): Promise<void> {
  const reserving = runs.filter((run) => run.reservationCount > 0).map((run) => run.id);
  if (reserving.length === 0) return;
  await tx.query("select roost.settle_reservations_1($1::uuid[])", [reserving], { name: "roost_reservations_settle" });
}
