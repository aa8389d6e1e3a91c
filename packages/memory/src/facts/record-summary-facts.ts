import type { KernelTransaction } from "@roost/kernel";

/** What a summary was made with: facts that were said in its turns, or that it says. A correction of one makes it stale. */
export async function recordSummaryFacts(
  tx: KernelTransaction,
  { messageId, sessionKey, throughTurn }: { messageId: string; sessionKey: string; throughTurn: number },
): Promise<void> {
  await tx.query(
    `insert into memory.fact_dependent (fact_id, kind, ref)
     select f.id, 'summary', $1 from memory.fact f where f.retracted_at is null and (
       f.run_id in (select m.run_id from memory.message m where m.session_key = $2 and m.turn_seq <= $3)
       or position(lower(coalesce(f.value, f.statement)) in (select lower(m.text) from memory.message m where m.id = $1)) > 0)
     on conflict do nothing`,
    [messageId, sessionKey, throughTurn],
  );
}
