-- Lets waiting runs go on, with the event that says so, the step of the wait that ended (or null) and its result. The caller has locked the
-- runs, and emits the events with those of its cause.

-- Invariants: only a waiting run goes on, once. It goes on with its serial key: with the serial key still held it is ready, else it queues again at its
-- old place; at its start limit, if it has one, it waits once more, and its time limit stands still. What ended a wait is recorded once, in the
-- wait and as the outcome of its step. A step that waits for a resolution is `unknown`: what resolves it changes it, not this.
--
-- Returned: runs that went on, as they are now, with the cause before and their steps. A row without an id names a queue in which another
-- run became ready.
create or replace function roost.resume_1(p_runs uuid[], p_event_ids text[], p_seqs integer[], p_results jsonb)
returns table (place bigint, run roost.run, prior text, seq integer, name text, kind text, attempt integer, duration_ms bigint, queue text)
language plpgsql as $$
#variable_conflict use_column
declare
  each record;
  serial_keys text[] := '{}';
  start_limits text[] := '{}';
begin
  for each in
    with item as (
      select i.id, i.event_id, i.seq, i.place, p_results -> (i.place::integer - 1) as result
      from unnest(p_runs, p_event_ids, p_seqs) with ordinality as i(id, event_id, seq, place)
    ),
    waiting as materialized (
      select w.id, w.cause_id, w.slot is null and (w.rate is null or w.rate_passed_at is not null) as is_passing, w.serial_key is null or w.holds_serial_key as has_serial_key
      from roost.run w where w.id = any(p_runs) and w.state = 'waiting' order by w.depth, w.id for no key update
    ),
    resumed as (
      update roost.run r set
        state = case when not w.has_serial_key then 'queued' when w.is_passing then 'ready' else 'waiting' end,
        waiting_for = case when not w.has_serial_key or w.is_passing then null when r.slot is not null then 'slot' else 'rate' end,
        ready_at = case when not w.has_serial_key or w.is_passing then roost.now() end,
        wake_at = null, cause_id = i.event_id, limits_passed = false,
        deadline_at = case when not w.has_serial_key or w.is_passing then coalesce(r.deadline_at, roost.now() + r.deadline_left_ms * interval '1 millisecond') end,
        deadline_left_ms = case when w.has_serial_key and not w.is_passing then r.deadline_left_ms end
      from item i join waiting w on w.id = i.id
      where r.id = any(p_runs) and r.id = i.id
      returning r as run, r.id, w.cause_id as prior, i.place, i.seq, i.result
    ),
    ended as (
      update roost.wait w set resolved_at = roost.now(), result = d.result
      from resumed d where w.run_id = any(p_runs) and w.run_id = d.id and w.seq = d.seq and w.resolved_at is null
    ),
    finished as (
      update roost.step s set state = 'done', output = d.result, ended_at = roost.now()
      from resumed d where s.run_id = any(p_runs) and s.run_id = d.id and s.seq = d.seq and s.state = 'waiting'
      returning s.run_id, s.seq, s.name, s.kind, s.attempt, greatest(0, round(extract(epoch from roost.now() - s.started_at) * 1000))::bigint as duration_ms
    )
    select d.place, d.run, d.prior, f.seq, f.name, f.kind, f.attempt, f.duration_ms
    from resumed d left join finished f on f.run_id = d.id order by d.place
  loop
    place := each.place;
    run := each.run;
    prior := each.prior;
    seq := each.seq;
    name := each.name;
    kind := each.kind;
    attempt := each.attempt;
    duration_ms := each.duration_ms;
    if run.state = 'queued' then serial_keys := serial_keys || run.serial_key; end if;
    if run.state = 'waiting' then start_limits := start_limits || array_remove(array[run.slot, run.rate], null); end if;
    return next;
  end loop;
  place := null;
  run := null;
  if cardinality(serial_keys) > 0 then
    return query select null::bigint, null::roost.run, null::text, null::integer, null::text, null::text, null::integer, null::bigint, p.run_queue
      from roost.promote_serial_keys_1(serial_keys, '{}') as p;
  end if;
  if cardinality(start_limits) > 0 then
    return query select null::bigint, null::roost.run, null::text, null::integer, null::text, null::text, null::integer, null::bigint, a.run_queue
      from roost.release_limited_runs_1(start_limits) as a;
  end if;
end $$;
