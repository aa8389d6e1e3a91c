/**
 * Spending is reserved before it happens and settled afterwards, so that a cap holds in the middle of a run. The arithmetic is SQL
 * (005-budgets.sql).
 */
import { createId } from "@roost/base";
import type { Sql } from "@roost/database";
import type { Kernel } from "../open-kernel.ts";
import type { KernelTransaction } from "../transact.ts";
import { emitRunEvent } from "../runs/emit-run-event.ts";
import { leaseLost } from "../runs/lease-lost.ts";
import { runHeadColumns } from "../runs/run-table.ts";
import type { RunHead } from "../runs/lock-runs.ts";
import type { Owned } from "../runs/run.ts";
import {
  checkAmounts,
  toReservation,
  type RefusedSpend,
  type Reservation,
  type SpendAmounts,
  type SpendAnswer,
} from "../runs/spend-answer.ts";

export interface SpendAsk extends SpendAmounts {
  /** The step that will spend it. */
  seq: number;
}

/**
 * Reserves the upper bound of a call against every cap that applies (the run's own, its parents', its job's, its agent's, `all`), or refuses and
 * names the cap. Repeated for the same step it returns the open reservation. `finishStep` of that seq settles it; an unsettled one counts in full
 * when the run is given back or ends.
 *
 * @throws RoostError `conflict`: the lease is lost (`isLeaseLost`)
 */
export async function reserveSpend(kernel: Kernel, owned: Owned, ask: SpendAsk): Promise<Reservation> {
  checkAmounts(ask);
  // One statement is its own transaction. A refusal has written nothing: it is repeated together with its event.
  const reservation = await askFor(kernel.database, owned, ask);
  if (reservation.granted) return reservation;
  return kernel.transact(async (tx) => {
    const again = await askFor(tx, owned, ask);
    if (!again.granted) await emitRefused(tx, owned, ask, again);
    return again;
  });
}

async function askFor(sql: Sql, owned: Owned, ask: SpendAsk): Promise<Reservation> {
  const [row] = await sql.query<{ answer: SpendAnswer }>(
    "select roost.reserve_spend_1($1::uuid, $2::bigint, $3::integer, $4::uuid, $5::numeric, $6::bigint) as answer",
    [owned.runId, owned.epoch, ask.seq, createId(), ask.usd.toFixed(9), ask.tokens],
    { name: "roost_spend_reserve" },
  );
  return toReservation(owned, row!.answer);
}

async function emitRefused(tx: KernelTransaction, owned: Owned, ask: SpendAsk, { cap }: RefusedSpend): Promise<void> {
  const [run] = await tx.query<RunHead>(`select ${runHeadColumns("r")} from roost.run r where r.id = $1`, [
    owned.runId,
  ]);
  if (run === undefined) return;
  emitRunEvent(tx, "budget.refused", run, {
    scope: `${cap.scope}/${cap.window}`.slice(0, 200),
    usdAsked: ask.usd,
    tokensAsked: ask.tokens,
    ...(cap.unit === "usd" ? { costUsd: cap.used, usdMax: cap.max } : {}),
    ...(cap.unit === "tokens" ? { tokens: cap.used, tokensMax: cap.max } : {}),
  });
}

/**
 * Settles a step's reservation without ending the step: a call that failed before spending anything, or one of several attempts. Without an open
 * reservation it changes nothing.
 *
 * @throws RoostError `conflict`: the lease is lost (`isLeaseLost`)
 */
export async function settleSpend(kernel: Kernel, owned: Owned, spent: SpendAsk): Promise<void> {
  await kernel.transact(async (tx) => {
    const [run] = await tx.query<{ state: string; epoch: number }>(
      "select state, epoch from roost.run where id = $1 for no key update",
      [owned.runId],
    );
    if (run === undefined || run.epoch !== owned.epoch || run.state !== "running") throw leaseLost(owned, run);
    // Invariant: a repeated settlement counts once. A reservation is settled when it is gone.
    await tx.query(
      `select roost.settle_spend_1(run_id, seq, $3::numeric, $4::bigint) from roost.reservation where run_id = $1 and seq = $2`,
      [owned.runId, spent.seq, spent.usd.toFixed(9), spent.tokens],
    );
  });
}
