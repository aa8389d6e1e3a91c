import { createId } from "@roost/base";
import type { KernelTransaction } from "../transact.ts";
import { emitRunEvent, eventReason } from "./emit-run-event.ts";
import type { RunHead } from "./lock-runs.ts";

/** Asks the owners of running runs to end them. The caller has locked the runs. A second request changes nothing. */
export async function requestCancel(
  tx: KernelTransaction,
  runs: RunHead[],
  why: { reason: string; by: string },
): Promise<void> {
  const asked = runs.filter((run) => run.cancelRequestedAt === null).map((run) => ({ run, eventId: createId() }));
  if (asked.length === 0) return;
  await tx.query(
    `update roost.run r set cancel_requested_at = roost.now(), cancel_reason = $3, cancel_by = $4, cause_id = i.event_id
     from unnest($1::uuid[], $2::text[]) as i(id, event_id)
     where r.id = any($1::uuid[]) and r.id = i.id and r.state = 'running' and r.cancel_requested_at is null`,
    [asked.map(({ run }) => run.id), asked.map(({ eventId }) => eventId), why.reason, why.by],
  );
  for (const { run, eventId } of asked) {
    emitRunEvent(tx, "run.cancelling", run, { reason: eventReason(why.reason), by: why.by }, { id: eventId });
  }
  tx.wake("cancel");
}
