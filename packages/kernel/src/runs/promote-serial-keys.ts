/** Serial keys let one run go at a time: which is next, and the loop that finds a free serial key. Entering one: create-run.ts. */
import { allOrEach, notSetAside } from "../each-alone.ts";
import type { KernelTransaction } from "../transact.ts";
import type { Kernel } from "../open-kernel.ts";
import { runLimits } from "./run.ts";

/**
 * Gives each free serial key to the first run of its queue; a serial key whose holder is in `ended` is free. Serial keys are locked by name, after
 * all runs of the transaction and before its events. Returns the runs that became ready.
 */
export async function promoteSerialKeys(
  tx: KernelTransaction,
  serialKeys: string[],
  ended: string[],
): Promise<string[]> {
  if (serialKeys.length === 0) return [];
  const promoted = await tx.query<{ runId: string; queue: string }>(
    'select run_id as "runId", run_queue as queue from roost.promote_serial_keys_1($1::text[], $2::uuid[])',
    [serialKeys, ended],
    { name: "roost_serial_key_promote" },
  );
  for (const { queue } of promoted) tx.wake(`runs:${queue}`);
  return promoted.map(({ runId }) => runId);
}

/**
 * Finds free serial keys with queued runs and promotes them. Every end of a run does so at once; this loop covers the case in which the head of the
 * queue was locked at that moment.
 */
export async function promoteFreeSerialKeys(kernel: Kernel): Promise<void> {
  // Only the head of each queue, which may be long.
  const free = await kernel.database.query<{ name: string }>(
    `select l.name from roost.serial_key l
     where not exists (select 1 from roost.run h where h.serial_key = l.name and h.holds_serial_key)
       and (select q.id from roost.run q where q.serial_key = l.name and q.state = 'queued' order by q.serial_seq limit 1) is not null
       and ${notSetAside("serialKey", "l.name")}
     limit $1`,
    [runLimits.passMax],
  );
  await allOrEach(
    kernel,
    free.map((serialKey) => serialKey.name),
    {
      what: "serial key",
      work: async (tx, serialKeys) =>
        (await promoteSerialKeys(tx, serialKeys, await lostHolders(tx, serialKeys))).length,
    },
  );
}

/** Holders that should hold no more: none are expected, but the loop repairs them. */
async function lostHolders(tx: KernelTransaction, serialKeys: string[]): Promise<string[]> {
  const rows = await tx.query<{ holder: string }>(
    `select l.holder from roost.serial_key l
     where l.name = any($1::text[]) and l.holder is not null
       and not exists (select 1 from roost.run h where h.id = l.holder and h.holds_serial_key)`,
    [serialKeys],
  );
  return rows.map((row) => row.holder);
}
