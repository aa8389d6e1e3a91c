/** The fence and the outcomes of steps in a transaction that writes more: its events are emitted with the others of the transaction. */
import type { KernelTransaction } from "../transact.ts";
import { toVerbError } from "./lease-lost.ts";
import type { Owned } from "./run.ts";

/** An outcome of a step as hold_run_1 takes it. */
export interface OutcomeJson {
  json: string;
}

/** What hold_run_1 returns. */
export interface HeldRun {
  isCancelling: boolean;
  /** Whether an outcome was recorded now, not before. */
  isNew: boolean;
  /** Reservations not settled yet. */
  reservationCount: number;
}

interface HeldRow {
  isHeld: boolean;
  labels: number;
  correlation: string;
  traceparent: string | null;
  causeId: string;
  isCancelling: boolean;
  reservationCount: number;
  types: string[];
  payloads: Record<string, unknown>[];
  spentSeqs: number[];
  costUsds: (string | null)[];
  spentTokens: (number | null)[];
}

export const holdStatement = `
  select is_held as "isHeld", labels, correlation, traceparent, cause_id as "causeId", is_cancelling as "isCancelling",
    reservation_count as "reservationCount", types, payloads, spent_seqs as "spentSeqs", cost_usds as "costUsds", spent_tokens as "spentTokens"
  from roost.hold_run_1($1::uuid, $2::bigint, $3::jsonb)`;

/**
 * Locks the run for its owner until the commit and records the outcomes; undefined when it is not its owner's any more, and then nothing was
 * written. Its first statement is sent at once.
 *
 * @throws RoostError `conflict`: a step was never begun, or ended differently before
 */
export async function holdRun(
  tx: KernelTransaction,
  { runId, epoch }: Owned,
  outcomes: readonly OutcomeJson[],
): Promise<HeldRun | undefined> {
  const [held] = await tx
    .query<HeldRow>(holdStatement, [runId, epoch, toOutcomesJson(outcomes)], { name: "roost_run_hold" })
    .catch((error: unknown) => {
      throw toVerbError(error);
    });
  if (held?.isHeld !== true) return undefined;
  const { isCancelling, types, payloads, labels, correlation, traceparent, causeId } = held;
  for (const [index, type] of types.entries()) {
    tx.emit({
      type,
      subject: runId,
      data: payloads[index] as never,
      correlation,
      causation: causeId,
      labelSet: labels,
      ...(traceparent === null ? {} : { traceparent }),
    });
  }
  return { isCancelling, isNew: types.length > 0, reservationCount: await settle(tx, runId, held) };
}

/** What the steps spent is counted where it was reserved. Returns how many reservations are left. */
async function settle(
  tx: KernelTransaction,
  runId: string,
  { reservationCount, spentSeqs, costUsds, spentTokens }: HeldRow,
): Promise<number> {
  if (spentSeqs.length === 0) return reservationCount;
  const [, [left]] = await Promise.all([
    tx.query(
      "select roost.settle_spends($1::uuid[], $2::integer[], $3::numeric[], $4::bigint[])",
      [spentSeqs.map(() => runId), spentSeqs, costUsds, spentTokens],
      { name: "roost_spend_settle" },
    ),
    tx.query<{ count: number }>("select reservation_count as count from roost.run where id = $1", [runId], {
      name: "roost_spend_left",
    }),
  ]);
  return left!.count;
}

/** As hold_run_1 takes them. */
export function toOutcomesJson(outcomes: readonly OutcomeJson[]): string {
  return `[${outcomes.map((outcome) => outcome.json).join(",")}]`;
}
