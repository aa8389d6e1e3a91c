/** Lanes let one run go at a time: who goes next, and the loop that finds a lane left free. How a run enters a lane is create-run.ts. */
import { allOrEach, notSetAside } from "../each-alone.ts";
import type { KernelTransaction } from "../transact.ts";
import type { Kernel } from "../open-kernel.ts";
import { runLimits } from "./run.ts";

/**
 * Gives each free lane to the first run of its queue; a lane whose holder is among `ended` is free. Lanes are locked by name,
 * after all runs of the transaction and before its events. Returns the runs that became ready.
 */
export async function promoteLanes(tx: KernelTransaction, lanes: string[], ended: string[]): Promise<string[]> {
  if (lanes.length === 0) return [];
  const promoted = await tx.query<{ runId: string; queue: string }>(
    'select run_id as "runId", run_queue as queue from roost.promote_lanes_1($1::text[], $2::uuid[])',
    [lanes, ended],
    { name: "roost_lane_promote" },
  );
  for (const { queue } of promoted) tx.wake(`runs:${queue}`);
  return promoted.map(({ runId }) => runId);
}

/**
 * Finds lanes that nobody holds although runs queue for them, and goes on with them. Every end of a run does so at once; this
 * loop over state is for the one case in which it steps back: the head of the queue was locked at that moment.
 */
export async function promoteFreeLanes(kernel: Kernel): Promise<void> {
  // Of each queue its head alone: one may be long.
  const free = await kernel.database.query<{ name: string }>(
    `select l.name from roost.lane l
     where not exists (select 1 from roost.run h where h.lane = l.name and h.lane_held)
       and (select q.id from roost.run q where q.lane = l.name and q.state = 'queued' order by q.lane_seq limit 1) is not null
       and ${notSetAside("lane", "l.name")}
     limit $1`,
    [runLimits.passMax],
  );
  await allOrEach(
    kernel,
    free.map((lane) => lane.name),
    {
      what: "lane",
      work: async (tx, lanes) => (await promoteLanes(tx, lanes, await lostHolders(tx, lanes))).length,
    },
  );
}

/** Holders that hold no more: none are expected, the loop mends them all the same. */
async function lostHolders(tx: KernelTransaction, lanes: string[]): Promise<string[]> {
  const rows = await tx.query<{ holder: string }>(
    `select l.holder from roost.lane l
     where l.name = any($1::text[]) and l.holder is not null
       and not exists (select 1 from roost.run h where h.id = l.holder and h.lane_held)`,
    [lanes],
  );
  return rows.map((row) => row.holder);
}
