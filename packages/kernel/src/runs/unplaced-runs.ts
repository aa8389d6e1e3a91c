/** Runs that are ready and need what no live worker offers: who sees them, and the one notice while there are some. */
import type { Sql } from "@roost/database";
import type { Kernel } from "../open-kernel.ts";
import { raiseNotice } from "../raise-notice.ts";

export interface UnplacedRuns {
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

const unplacedSql = `select array(select distinct need from unnest(r.needs) as need order by need) as needs, r.queue, count(*)::int as "runCount", min(r.ready_at) as since
  from roost.run r where r.state = 'ready' and r.needs is not null
    and not exists (select from roost.worker w where w.kind = 'worker' and w.expires_at > roost.now() and r.queue = any(w.queues) and r.needs <@ w.capabilities)
  group by 1, 2`;

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

/** "gpu and messages, in queue night" */
export function describeNeeds({ needs, queue }: Pick<UnplacedRuns, "needs" | "queue">): string {
  return `${needs.join(" and ")}${queue === "default" ? "" : `, in queue ${queue}`}`;
}

/**
 * One notice when runs of one kind begin to wait for a worker, and one when they do not any more. Any number of processes may call it. Of kinds
 * that were not told, the 20 oldest are; kinds that were told are found among all.
 */
export async function reportUnplacedRuns(kernel: Kernel): Promise<number> {
  const rows = await kernel.database.query<{
    what: string;
    found: UnplacedRuns | null;
    isTold: boolean;
    isLong: boolean;
  }>(
    `select coalesce(f.what, u.what) as what, to_jsonb(u) as found, f.what is not null as "isTold", u.since < roost.now() - $1 * interval '1 millisecond' as "isLong"
     from (select u.*, '${prefix}' || u.queue || ' ' || array_to_string(u.needs, ' ') as what, row_number() over (order by since) as place
       from (${unplacedSql}) as u) as u
     full join (select what from roost.failure where starts_with(what, '${prefix}')) as f on f.what = u.what
     where f.what is not null or u.place <= ${kindsMax}`,
    [graceMs],
    { name: "roost_runs_unplaced_told" },
  );
  let changed = 0;
  for (const { what, found, isTold, isLong } of rows) {
    if (found === null ? await noteFound(kernel, what) : !isTold && isLong && (await noteMissing(kernel, what, found)))
      changed += 1;
  }
  return changed;
}

// Invariant: the row and the notice commit together, so that one of many observers tells.
async function noteMissing(kernel: Kernel, what: string, found: UnplacedRuns): Promise<boolean> {
  return kernel.transact(async (tx) => {
    const needs = describeNeeds(found);
    const reason = `no live worker offers ${needs}`;
    const rows = await tx.query(
      "insert into roost.failure (what, reason) values ($1, $2) on conflict do nothing returning 1",
      [what, reason],
    );
    if (rows.length === 0) return false;
    const text = `${found.runCount === 1 ? "A run waits" : `${found.runCount} runs wait`}: ${reason}. Start a worker that does (docs/hosts.md), or change what they need; roost ps shows them`;
    raiseNotice(tx, { level: "warning", text, source: "scheduler" });
    return true;
  });
}

async function noteFound(kernel: Kernel, what: string): Promise<boolean> {
  return kernel.transact(async (tx) => {
    const rows = await tx.query<{ reason: string }>("delete from roost.failure where what = $1 returning reason", [
      what,
    ]);
    if (rows.length === 0) return false;
    const text = `No run waits any more because ${rows[0]!.reason}`;
    raiseNotice(tx, { level: "info", text, source: "scheduler" });
    return true;
  });
}
