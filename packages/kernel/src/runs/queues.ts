/** Queues of runs: their contents and pause. Nothing is claimed from a paused queue; active runs go on. */
import { createId, describeIssue, RoostError } from "@roost/base";
import { formatLabels, mainLabels } from "@roost/contract/labels";
import { pageLimitMax, QueueName } from "@roost/contract/operations";
import type { Kernel } from "../open-kernel.ts";
import { eventReason } from "./emit-run-event.ts";

export interface Queue {
  name: string;
  pausedAt: Date | null;
  pausedBy: string | null;
  pausedReason: string | null;
  ready: number;
  queued: number;
  running: number;
  waiting: number;
}

/** A page, and one row more that tells whether another follows. */
export const queuesListedMax = pageLimitMax + 1;

/** Queues with unfinished runs, or paused; by name. `default` is always listed. */
export async function listQueues(
  kernel: Kernel,
  { limit = queuesListedMax, after }: { limit?: number | undefined; after?: string | undefined } = {},
): Promise<Queue[]> {
  return kernel.database.query<Queue>(
    `with live as (
       select queue, count(*) filter (where state = 'ready')::int as ready, count(*) filter (where state = 'queued')::int as queued,
         count(*) filter (where state = 'running')::int as running, count(*) filter (where state = 'waiting')::int as waiting
       from roost.run where ended_at is null group by queue
     )
     select n.name, q.paused_at as "pausedAt", q.paused_by as "pausedBy", q.paused_reason as "pausedReason",
       coalesce(l.ready, 0) as ready, coalesce(l.queued, 0) as queued, coalesce(l.running, 0) as running, coalesce(l.waiting, 0) as waiting
     from (select queue as name from live union select name from roost.queue union select 'default') n
     left join live l on l.queue = n.name left join roost.queue q on q.name = n.name
     where $2::text is null or n.name > $2
     order by n.name limit $1`,
    [Math.min(limit, queuesListedMax), after ?? null],
  );
}

/** Wakes the workers of each queue with ready runs: the process that made them ready may have died before it could. */
export async function wakeReadyQueues(kernel: Kernel): Promise<void> {
  const rows = await kernel.database.query<{ queue: string }>(
    "select distinct queue from roost.run where state = 'ready'",
    [],
    { name: "roost_queue_ready" },
  );
  for (const { queue } of rows) kernel.wakeups.wake(`runs:${queue}`);
}

/** Names of paused queues. */
export async function readPausedQueues(kernel: Kernel): Promise<Map<string, { reason: string | null; since: Date }>> {
  const rows = await kernel.database.query<{ name: string; reason: string | null; since: Date }>(
    "select name, paused_reason as reason, paused_at as since from roost.queue order by name",
    [],
    { name: "roost_queue_paused" },
  );
  return new Map(rows.map(({ name, ...pause }) => [name, pause]));
}

export interface PauseQueueOptions {
  by: string;
  reason?: string | undefined;
}

/** No claim that begins after this has resolved takes anything from the queue. Paused already: nothing changes. */
export async function pauseQueue(kernel: Kernel, name: string, { by, reason }: PauseQueueOptions): Promise<void> {
  checkName(name);
  await kernel.transact(async (tx) => {
    const rows = await tx.query(
      `insert into roost.queue (name, paused_at, paused_by, paused_reason) values ($1, roost.now(), $2, $3)
       on conflict (name) do nothing returning name`,
      [name, by, reason === undefined ? null : eventReason(reason)],
    );
    if (rows.length === 0) return;
    tx.emit({
      id: createId(),
      type: "queue.paused",
      subject: name,
      labels,
      data: { queue: name, by, ...said(reason) },
    });
  });
}

/** Not paused: nothing changes. */
export async function resumeQueue(kernel: Kernel, name: string, { by, reason }: PauseQueueOptions): Promise<void> {
  checkName(name);
  await kernel.transact(async (tx) => {
    const rows = await tx.query("delete from roost.queue where name = $1 returning name", [name]);
    if (rows.length === 0) return;
    tx.emit({
      id: createId(),
      type: "queue.resumed",
      subject: name,
      labels,
      data: { queue: name, by, ...said(reason) },
    });
    tx.wake(`runs:${name}`);
  });
}

/** Reasons are the person's own text. */
const labels = formatLabels(mainLabels);

function said(reason: string | undefined): { reason?: string } {
  return reason === undefined ? {} : { reason: eventReason(reason) };
}

function checkName(name: string): void {
  const { error } = QueueName.safeParse(name);
  if (error === undefined) return;
  throw new RoostError(
    "invalid_input",
    `the queue's name ${JSON.stringify(name.slice(0, 64))} is not valid: ${describeIssue(error.issues[0]!)}`,
  );
}
