/** What must always hold for runs, steps, serial keys, waits and budgets: one query that finds violations. */
import type { Sql } from "@roost/database";

const violations = `
  select 'a serial key is held by a run that does not say so: ' || l.name as what from roost.serial_key l
  where l.holder is not null and not exists (select 1 from roost.run r where r.id = l.holder and r.serial_key = l.name and r.holds_serial_key)
  union all
  select 'a run says it holds a serial key that is another''s: ' || r.id from roost.run r
  where r.holds_serial_key and not exists (select 1 from roost.serial_key l where l.name = r.serial_key and l.holder = r.id)
  union all
  select 'a run overtook its serial key: ' || r.id from roost.run r
  where r.state = 'ready' and r.serial_key is not null and r.started_at is null
    -- One that gave its serial key back while it waited comes back behind its holder.
    -- One that was to start later comes to its place when it is due, after the holder of the serial key.
    and exists (
      select 1 from roost.run q where q.serial_key = r.serial_key and q.state = 'queued' and q.started_at is null and q.serial_seq < r.serial_seq
        and exists (select 1 from roost.event e where e.subject = q.id::text and e.type = 'run.created' and e.data ->> 'state' = 'queued'))
  union all
  select 'ended runs and terminal events differ: ' || r.id || ' is ' || r.state || ' with ' || count(e.id) || ' events'
  from roost.run_all r left join roost.event e on e.subject = r.id::text and e.type in ('run.done', 'run.failed', 'run.cancelled', 'run.diverged', 'run.outdated')
  group by r.id, r.state, r.ended_at
  having count(e.id) <> case when r.ended_at is null then 0 else 1 end or min(e.type) is distinct from case when r.ended_at is null then null else 'run.' || r.state end
  union all
  select 'a slot has more runs than it allows: ' || g.name from roost.start_limit g
  where g.kind = 'slot' and (select count(*) from roost.run r where r.slot = g.name and r.state in ('ready', 'running')) > g.max
  union all
  select 'a run is past its start limit without being let through, or holds a slot while it waits: ' || r.id from roost.run r
  where (r.slot is not null or r.rate is not null) and r.ended_at is null
    and (r.state in ('ready', 'running')) <> (r.limits_passed or (r.slot is null and r.rate_passed_at is not null and r.state in ('ready', 'running')))
  union all
  select 'a step has several outcomes in the log: ' || e.subject || ':' || (e.data ->> 'seq') from roost.event e
  where e.type = 'step.done' group by e.subject, e.data ->> 'seq' having count(*) > 1
  union all
  select 'a step is done and the log does not say so: ' || s.run_id || ':' || s.seq from roost.step s
  join roost.run r on r.id = s.run_id and r.retry_of is null and r.forked_from is null
  where s.state = 'done' and s.resolution is null
    and not exists (select 1 from roost.event e where e.subject = s.run_id::text and e.type = 'step.done' and (e.data ->> 'seq')::integer = s.seq)
  union all
  select 'a run that ended left something open: ' || r.id from roost.run r
  where r.ended_at is not null and (
    exists (select 1 from roost.step s where s.run_id = r.id and s.state in ('intent', 'waiting'))
    or exists (select 1 from roost.wait w where w.run_id = r.id and w.resolved_at is null)
    or exists (select 1 from roost.question q where q.run_id = r.id and q.state = 'open')
    or exists (select 1 from roost.reservation v where v.run_id = r.id))
  union all
  select 'a declared wait and its run differ: ' || r.id from roost.run r
  where (r.state = 'waiting' and r.waiting_for in ('time', 'event', 'person', 'child', 'resolution'))
    <> exists (select 1 from roost.wait w where w.run_id = r.id and w.resolved_at is null)
  union all
  select 'a parent waits for a child that has ended: ' || w.run_id from roost.wait w join roost.run_all c on c.id = w.child_run_id
  where w.resolved_at is null and c.ended_at is not null
  union all
  select 'a run is owned by a worker that is gone: ' || r.id from roost.run r
  where r.state = 'running' and not exists (select 1 from roost.worker w where w.id = r.worker_id)
  union all
  select 'a run''s reservations do not add up: ' || r.id from roost.run r
  left join (select run_id, sum(usd) as usd, sum(tokens) as tokens, count(*) as n from roost.reservation group by run_id) v on v.run_id = r.id
  where (r.usd_reserved, r.tokens_reserved, r.reservation_count) <> (coalesce(v.usd, 0), coalesce(v.tokens, 0), coalesce(v.n, 0))
  union all
  select 'what is reserved in all does not add up' from (
    select coalesce(sum(usd_reserved), 0) as usd, coalesce(sum(tokens_reserved), 0) as tokens from roost.spend where scope = 'all' and time_window = 'total') s
  where (usd, tokens) <> (select coalesce(sum(usd), 0), coalesce(sum(tokens), 0) from roost.reservation)
  union all
  select 'what is spent in all does not add up' from (
    select coalesce(sum(cost_usd), 0) as usd from roost.spend where scope = 'all' and time_window = 'total') s
  where usd <> (select coalesce(sum(cost_usd), 0) from roost.run_all)
  union all
  select 'a cap is broken: ' || s.scope || ' ' || s.period from roost.spend s join roost.budget_cap c using (scope, time_window)
  where s.cost_usd + s.usd_reserved > c.usd_max`;

/** A free serial key with queued runs: fine for a moment under concurrency, wrong once everything is idle. */
const idleSerialKeys = `
  select 'a serial key is free although runs queue: ' || q.serial_key as what from roost.run q join roost.serial_key l on l.name = q.serial_key
  where q.state = 'queued' and l.holder is null`;

/** All violations, in words; none when all is well. */
export async function findViolations(sql: Sql, options: { isStill: boolean }): Promise<string[]> {
  const rows = await sql.query<{ what: string }>(
    options.isStill ? `${violations} union all ${idleSerialKeys}` : violations,
  );
  return rows.map((row) => row.what);
}
