-- Creates runs: their places with their serial keys, their rows, their start limits, and which of them are ready at once. p_runs: for each what
-- is decided of its row, by column; without its own `budget` it has its agent's, and its agent's needs beside its own; `serial_seq` counts back from the end of its key's queue; with
-- `start_at` it starts no earlier. p_limits: { name, kind, max, window_ms }, or null.

-- Invariants: a run with a serial key enters the key's queue and leaves it by promotion only; one with a start limit waits at it until it is
-- let through; the last created run decides what a start limit allows. Serial keys are locked by name, then start limits by name.

-- Returned: for each run its first state and the version of its agent; then every run that became ready after that, with its queue.
create or replace function roost.create_runs_1(p_runs jsonb, p_limits jsonb)
returns table (id uuid, state text, agent_version integer, queue text) language plpgsql set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
  serial_keys text[];
  next_seqs bigint[];
  free text[];
  limits text[];
  -- What all of them begin with.
  base constant roost.run := jsonb_populate_record(null::roost.run, jsonb_build_object(
    'created_at', roost.now(), 'epoch', 0, 'holds_serial_key', false, 'limits_passed', false, 'attempt', 1, 'stall_count', 0,
    'cost_usd', 0, 'tokens', 0, 'usd_reserved', 0, 'tokens_reserved', 0, 'call_count', 0, 'reservation_count', 0));
begin
  if p_runs @? '$[*].serial_key' then
    with place as (
      insert into roost.serial_key as l (name, next_seq, priority_lent)
        select d ->> 'serial_key', count(*), max((d ->> 'priority')::integer) from jsonb_array_elements(p_runs) as d
        where d ? 'serial_key' group by 1 order by 1
        on conflict (name) do update set next_seq = l.next_seq + excluded.next_seq, priority_lent = greatest(l.priority_lent, excluded.priority_lent)
        returning l.name, l.next_seq, l.holder)
    select array_agg(p.name), array_agg(p.next_seq), coalesce(array_agg(p.name) filter (where p.holder is null), '{}')
      into serial_keys, next_seqs, free from place as p;
  end if;
  return query
    insert into roost.run as r
    select n.* from jsonb_array_elements(p_runs) as d
      left join unnest(serial_keys, next_seqs) as k(name, next_seq) on k.name = d ->> 'serial_key'
      left join roost.run_default a on a.agent = coalesce(d ->> 'agent', 'main')
      cross join lateral (select case
        when (d ->> 'start_at')::timestamptz > roost.now() then 'start'
        when d ? 'serial_key' then 'serial_key' when d ? 'slot' then 'slot' when d ? 'rate' then 'rate' end as wait) as w
      cross join lateral jsonb_populate_record(base, jsonb_build_object('budget', coalesce(a.budget, '{}')) || d || jsonb_build_object(
        'state', case when w.wait is null then 'ready' when w.wait = 'serial_key' then 'queued' else 'waiting' end,
        'ready_at', case when w.wait is null then roost.now() end,
        'wake_at', case when w.wait = 'start' then d ->> 'start_at' end,
        'waiting_for', case when w.wait <> 'serial_key' then w.wait end,
        'serial_seq', k.next_seq + (d ->> 'serial_seq')::bigint,
        'needs', case when a.needs is null then d -> 'needs' else
          (select to_jsonb(array_agg(distinct need)) from (select unnest(a.needs) union all select jsonb_array_elements_text(d -> 'needs')) as every(need)) end,
        'agent_version', a.version)) as n
    returning r.id, r.state, r.agent_version, null::text;
  if p_limits is not null then
    with changed as (
      insert into roost.start_limit as g (name, kind, max, window_ms)
        select i.name, i.kind, i.max, i.window_ms from jsonb_to_recordset(p_limits) as i(name text, kind text, max integer, window_ms bigint) order by i.name
        on conflict (name) do update set max = excluded.max, window_ms = excluded.window_ms
          where (g.max, g.window_ms) is distinct from (excluded.max, excluded.window_ms))
    select array_agg(i ->> 'name') into limits from jsonb_array_elements(p_limits) as i;
  end if;
  if cardinality(free) > 0 then
    return query select p.run_id, 'ready', null::integer, p.run_queue from roost.promote_serial_keys_1(free, '{}') as p;
  end if;
  if cardinality(free) < cardinality(serial_keys) then
    -- Against priority inversion. A locked holder is being claimed or ended and needs no help.
    update roost.run r set priority = b.priority_lent
      from (select h.id, l.priority_lent from roost.serial_key l join roost.run h on h.id = l.holder
            where l.name = any(serial_keys) and l.name <> all(free) and h.state in ('ready', 'waiting') and h.priority < l.priority_lent
            for no key update of h skip locked) as b
      where r.id = b.id;
  end if;
  if limits is not null then
    return query select p.run_id, 'ready', null::integer, p.run_queue from roost.release_limited_runs_1(limits) as p;
  end if;
end $$;
