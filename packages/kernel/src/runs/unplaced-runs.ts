/** Runs that are ready and that no live worker may take: in a queue that none serves, or in need of what none offers. Shown, and told once. */
import type { Sql } from "@roost/database";
import type { Kernel } from "../open-kernel.ts";
import { tellOfStates, type LastingState } from "../tell-of-states.ts";

export interface UnplacedRuns {
  /** Empty: none serves the queue. */
  needs: string[];
  queue: string;
  runCount: number;
  /** Since when the oldest is ready. */
  since: Date;
}

/** Workers that are started again are gone for less. */
const graceMs = 30_000;
const kindsMax = 20;
const prefix = "needs:";

// A queue is looked up from the one before it in the index of ready runs: there are few queues and may be many runs.
const unplacedSql = `with recursive waiting as (
    (select queue from roost.run where state = 'ready' order by queue limit 1)
    union all
    select (select r.queue from roost.run r where r.state = 'ready' and r.queue > w.queue order by r.queue limit 1) from waiting w where w.queue is not null
  ), able as (select queues, capabilities from roost.worker where kind = 'worker' and expires_at > roost.now() and not is_draining)
  select array(select distinct need from unnest(r.needs) as need order by need) as needs, r.queue, count(*)::int as "runCount", min(r.ready_at) as since
  from roost.run r where r.state = 'ready' and r.needs is not null
    and not exists (select from able a where r.queue = any(a.queues) and r.needs <@ a.capabilities)
  group by 1, 2
  union all
  select '{}', w.queue, f.count, f.since from waiting w
  cross join lateral (select count(*)::int as count, min(r.ready_at) as since from roost.run r where r.state = 'ready' and r.queue = w.queue and r.needs is null) as f
  where w.queue is not null and f.count > 0 and not exists (select from able a where w.queue = any(a.queues))
    and not exists (select from roost.queue q where q.name = w.queue)`;

/** The kinds of them, oldest first, at most 20. */
export async function listUnplacedRuns(sql: Sql): Promise<UnplacedRuns[]> {
  return sql.query<UnplacedRuns>(`${unplacedSql} order by since limit ${kindsMax}`, [], {
    name: "roost_runs_unplaced",
  });
}

/** Every need of a run that is ready. */
export async function listNeeds(sql: Sql): Promise<string[]> {
  const rows = await sql.query<{ need: string }>(
    "select distinct unnest(needs) as need from roost.run where state = 'ready' and needs is not null",
  );
  return rows.map(({ need }) => need);
}

/** Completes "a worker that": "offers gpu and messages, in queue night", or "serves queue night". */
export function describeMissing({ needs, queue }: Pick<UnplacedRuns, "needs" | "queue">): string {
  if (needs.length === 0) return `serves queue ${queue}`;
  return `offers ${needs.join(" and ")}${queue === "default" ? "" : `, in queue ${queue}`}`;
}

type UnplacedState = UnplacedRuns & LastingState & { isLong: boolean };

/**
 * One notice when runs of one kind begin to wait for a worker, and one when they do not any more. Any number of processes may call it. Of kinds
 * that were not told, the 20 oldest are.
 */
export async function reportUnplacedRuns(kernel: Kernel): Promise<number> {
  const rows = await kernel.database.query<Omit<UnplacedState, "what" | "reason">>(
    `select u.*, u.since < roost.now() - $1 * interval '1 millisecond' as "isLong" from (${unplacedSql}) as u order by since`,
    [graceMs],
    { name: "roost_runs_unplaced_told" },
  );
  const found = rows.map((row) => ({
    ...row,
    what: `${prefix}${row.queue} ${row.needs.join(" ")}`,
    reason: `no live worker ${describeMissing(row)}`,
  }));
  return tellOfStates<UnplacedState>(kernel, {
    prefix,
    found,
    toldMax: kindsMax,
    source: "scheduler",
    isToTell: (state) => state.isLong,
    begun: ({ runCount, needs, reason }) =>
      `${runCount === 1 ? "A run waits" : `${runCount} runs wait`}: ${reason}. Start a worker that does (docs/hosts.md), or change ${needs.length === 0 ? "their queue" : "what they need"}; roost ps shows them`,
    over: (reason) => `No run waits any more because ${reason}`,
  });
}
