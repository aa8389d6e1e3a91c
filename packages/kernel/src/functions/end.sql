-- Ends runs as done, with the outcomes of their last steps, and takes the next ones for the same worker, in one transaction. For each run { output,
-- told, outcomes }, the outcomes as hold_run_1 takes them; `told` is the data of run.done beside the run itself and its spending.

-- Invariants: a run ends once, at its owner's epoch; nothing of it is left open; what it reserved is settled; its serial key and its slot go to
-- the next. One append for all, last, with the heads in order: to end and then to claim with an append each would lock heads in two orders.
--
-- Returned: runs that were taken, as they are now. A row without a queue names a run that was not ended: it is lost, ended before, has a
-- parent, declares postconditions, holds a lock, or has something open; the caller looks. A row without an id names a queue in which a run became ready.
-- A worker that is dead ends what is still its own, and takes nothing.
create or replace function roost.end_1(
  p_ids uuid[], p_epochs bigint[], p_ends jsonb, p_worker uuid, p_queues text[], p_limit integer, p_capabilities text[], p_loops integer[]
) returns setof roost.run language plpgsql set plan_cache_mode = force_generic_plan as $$
declare
  e record;
  more record;
  queue text;
begin
  if cardinality(p_ids) = 1 and p_limit <= 1 then
    e := roost.end_one_1(p_ids[1], p_epochs[1], p_ends -> 0, p_worker, p_queues, p_limit, p_capabilities, p_loops);
    if e.events is null then return query select * from jsonb_populate_record(null::roost.run, jsonb_build_object('id', p_ids[1])); return; end if;
    perform roost.append_told_1(e.events);
    if (e.taken).id is not null then return next e.taken; end if;
    foreach queue in array coalesce(e.queues, '{}') loop
      return query select * from jsonb_populate_record(null::roost.run, jsonb_build_object('queue', queue));
    end loop;
    return;
  end if;
  more := roost.find_next_1(p_worker, p_queues, p_limit, p_capabilities, p_loops);
  e := roost.end_and_take_1(p_ids, p_epochs, p_ends, p_worker, more.ids, more.priors, p_loops[cardinality(p_loops)]);
  perform roost.append_told_1(e.events);
  return query select * from unnest(e.taken);
  return query select x.* from unnest(e.missed) as id cross join lateral jsonb_populate_record(null::roost.run, jsonb_build_object('id', id)) as x;
end $$;

-- What a worker takes next. Its row is locked first, unlike in a claim: a process that removes it waits for the runs that end here. A worker that is
-- dead or drained takes nothing.
create or replace function roost.find_next_1(p_worker uuid, p_queues text[], p_limit integer, p_capabilities text[], p_loops integer[], out ids uuid[], out priors text[])
language plpgsql as $$
declare
  ready record;
begin
  ids := '{}';
  priors := '{}';
  if p_limit < 1 then return; end if;
  perform from roost.worker w where w.id = p_worker and w.expires_at > roost.now() and not w.is_draining for key share;
  if not found then return; end if;
  ready := roost.find_ready_1(p_queues, p_limit, p_capabilities, p_loops);
  ids := ready.ids;
  priors := ready.priors;
end $$;

-- One run, whatever it leaves (outcomes, reservations, its serial key, its slot), and with p_limit 1 the next one for the same worker. Without
-- events: it was not ended, and nothing is written. The caller appends them.
create or replace function roost.end_one_1(
  p_id uuid, p_epoch bigint, p_end jsonb, p_worker uuid, p_queues text[], p_limit integer, p_capabilities text[], p_loops integer[],
  out taken roost.run, out events roost.told[], out queues text[]
) language plpgsql set plan_cache_mode = force_generic_plan as $$
declare
  r record;
  e record;
  c record;
  ready record;
  is_ended boolean := false;
  outcomes constant jsonb := p_end -> 'outcomes';
begin
  if p_limit > 0 then
    perform from roost.worker w where w.id = p_worker and w.expires_at > roost.now() and not w.is_draining for key share;
    if not found then p_limit := 0; end if;
  end if;
  if outcomes is null then
    -- Most runs leave nothing: one statement.
    update roost.run x set
      state = 'done', output = p_end -> 'output', error = null, ended_at = roost.now(), worker_id = null, wake_at = null, deadline_at = null,
      holds_serial_key = false, cause_id = roost.new_id()::text
    from (select d.id, d.cause_id from roost.run d where d.id = p_id and d.epoch = p_epoch and d.state = 'running' for no key update) as d
    where x.id = p_id and x.id = d.id and x.serial_key is null and x.slot is null and x.parent_run_id is null
      and x.postconditions is null and x.reservation_count = 0
      and not exists (select from roost.step s where s.run_id = p_id and s.state in ('intent', 'waiting'))
      and not exists (select from roost.lock l where l.run_id = p_id and l.holder is not null)
    returning (x.id, x.key_hash, x.labels, x.correlation, x.traceparent, x.cause_id, 'run.done', d.cause_id,
      roost.told_of_run_1(x.id, x.agent, x.session_key, x.session_kind, x.job_id, x.parent_run_id)
      || roost.told_of_spending_1(x.call_count, x.cost_usd, x.tokens, x.started_at, x.ended_at, x.is_rehearsed) || (p_end -> 'told'))::roost.told as event into e;
    is_ended := found;
  end if;
  if not is_ended then
    -- Without a lock: only the owner changes them.
    if not exists (select from roost.run x where x.id = p_id and x.parent_run_id is null and x.postconditions is null)
      or exists (select from roost.lock l where l.run_id = p_id and l.holder is not null) or exists (
      select from roost.step s where s.run_id = p_id and s.state in ('intent', 'waiting')
        and not (s.state = 'intent' and exists (select from jsonb_array_elements(outcomes) as o where (o ->> 'seq')::integer = s.seq))
    ) then return; end if;
    r := roost.hold_run_1(p_id, p_epoch, coalesce(outcomes, '[]'));
    if not r.is_held then return; end if;
    events := r.events;
    if cardinality(r.spent_seqs) > 0 then
      perform roost.settle_spends_1(array_fill(p_id, array[cardinality(r.spent_seqs)]), r.spent_seqs, r.cost_usds, r.spent_tokens);
    end if;
    -- Of steps without an outcome.
    if r.reservation_count > 0 and exists (select from roost.reservation v where v.run_id = p_id) then
      perform roost.settle_reservations_1(array[p_id]);
    end if;
    update roost.run x set
      state = 'done', output = p_end -> 'output', error = null, ended_at = roost.now(), worker_id = null, wake_at = null, deadline_at = null,
      holds_serial_key = false, cause_id = roost.new_id()::text
    where x.id = p_id
    returning (x.id, x.key_hash, x.labels, x.correlation, x.traceparent, x.cause_id, 'run.done', r.cause_id,
      roost.told_of_run_1(x.id, x.agent, x.session_key, x.session_kind, x.job_id, x.parent_run_id)
      || roost.told_of_spending_1(x.call_count, x.cost_usd, x.tokens, x.started_at, x.ended_at, x.is_rehearsed) || (p_end -> 'told'))::roost.told as event into e;
    if r.serial_key is not null then
      queues := array(select p.run_queue from roost.promote_serial_keys_1(array[r.serial_key], array[p_id]) as p);
    end if;
    if r.slot is not null then
      queues := queues || array(select a.run_queue from roost.release_limited_runs_1(array[r.slot]) as a);
    end if;
  end if;
  events := events || e.event;
  if p_limit > 0 then
    ready := roost.find_ready_1(p_queues, 1, p_capabilities, p_loops);
    if cardinality(ready.ids) = 1 then
      c := roost.take_one_1(p_worker, ready.ids[1], ready.priors[1], p_loops);
      taken := c.run;
      events := events || c.event;
    end if;
  end if;
end $$;

-- Many at once, and those alone that leave nothing but outcomes of begun steps which nothing was paid for; the others are `missed`. One statement. What
-- is taken is ready and locked. The caller appends the events.
create or replace function roost.end_and_take_1(
  p_ids uuid[], p_epochs bigint[], p_ends jsonb, p_worker uuid, p_taken uuid[], p_priors text[], p_loop integer,
  out taken roost.run[], out missed uuid[], out events roost.told[]
) language sql as $$
  with item as (
    select i.id, i.epoch, i.place, i.e -> 'output' as output, i.e -> 'told' as told, i.e -> 'outcomes' as outcomes,
      case when i.e ? 'outcomes' then array(select (o ->> 'seq')::integer from jsonb_array_elements(i.e -> 'outcomes') as o) else '{}' end as seqs,
      (select (o.v ->> 'runLabels')::integer from jsonb_array_elements(i.e -> 'outcomes') with ordinality as o(v, n) where o.v ? 'runLabels' order by o.n desc limit 1) as labels,
      exists (select from jsonb_array_elements(i.e -> 'outcomes') as o where (o ->> 'costUsd')::numeric > 0 or (o ->> 'tokens')::bigint > 0 or o ? 'intent') as is_more
    from rows from (unnest(p_ids, p_epochs), jsonb_array_elements(p_ends)) with ordinality as i(id, epoch, e, place)
  ),
  owned as materialized (
    -- By id alone: with the state the plan would read the index of running runs, and all its dead entries.
    select d.id, d.epoch, d.state, d.cause_id from roost.run d where d.id = any(p_ids) order by d.depth, d.id for no key update
  ),
  done as (
    update roost.run r set
      state = 'done', output = i.output, error = null, ended_at = roost.now(), worker_id = null, wake_at = null, deadline_at = null,
      holds_serial_key = false, cause_id = roost.new_id()::text, labels = roost.join_label_sets_1(r.labels, coalesce(i.labels, r.labels))
    from item i join owned d on d.id = i.id and d.epoch = i.epoch and d.state = 'running'
    where r.id = any(p_ids) and r.id = i.id and r.serial_key is null and r.slot is null
      and r.parent_run_id is null and r.postconditions is null and r.reservation_count = 0 and not i.is_more
      and (select count(*) = cardinality(i.seqs) and count(*) filter (where s.state = 'intent' and s.seq = any(i.seqs)) = cardinality(i.seqs)
           from roost.step s where s.run_id = r.id and s.state in ('intent', 'waiting'))
      and not exists (select from roost.lock l where l.run_id = r.id and l.holder is not null)
    returning r.id, r.epoch, r.key_hash, r.cause_id, d.cause_id as prior, r.correlation, r.traceparent, r.labels, i.place, i.outcomes,
      roost.told_of_run_1(r.id, r.agent, r.session_key, r.session_kind, r.job_id, r.parent_run_id)
      || roost.told_of_spending_1(r.call_count, r.cost_usd, r.tokens, r.started_at, r.ended_at, r.is_rehearsed) || i.told as told
  ),
  finished as (
    update roost.step s set
      state = o.state, output = o.output, error = o.error, usage = o.usage, cost_usd = o."costUsd", epoch = d.epoch, ended_at = roost.now(),
      labels = coalesce(o.labels, s.labels)
    from done d cross join lateral jsonb_to_recordset(d.outcomes) as o(seq integer, state text, output jsonb, error jsonb, usage jsonb, "costUsd" numeric, labels integer, told jsonb)
    where s.run_id = any(p_ids) and s.run_id = d.id and s.seq = o.seq
    returning d.id, d.key_hash, d.place, d.prior, d.correlation, d.traceparent, d.labels, s.seq, s.state,
      jsonb_build_object('runId', s.run_id, 'seq', s.seq, 'name', s.name, 'kind', s.kind, 'attempt', s.attempt) || o.told
      || case s.state when 'unknown' then jsonb_build_object('effect', s.effect, 'idempotencyKey', s.idempotency_key)
         else jsonb_build_object('durationMs', greatest(0, round(extract(epoch from s.ended_at - s.started_at) * 1000))) end as told
  ),
  taken as (
    update roost.run r set
      state = 'running', epoch = r.epoch + 1, worker_id = p_worker, ready_at = null, claimed_at = roost.now(), cause_id = roost.new_id()::text,
      loop_version = coalesce(r.loop_version, p_loop), started_at = coalesce(r.started_at, roost.now()),
      deadline_at = coalesce(r.deadline_at, roost.now() + r.timeout_ms * interval '1 millisecond')
    where r.id = any(p_taken)
    returning r as run
  ),
  placed as materialized (
    select u.id, u.prior, u.place from unnest(p_taken, p_priors) with ordinality as u(id, prior, place)
  ),
  told as (
    select d.place, 2147483647 as seq, (d.id, d.key_hash, d.labels, d.correlation, d.traceparent, d.cause_id, 'run.done', d.prior, d.told)::roost.told as event
    from done d
    union all
    select f.place, f.seq, (f.id, f.key_hash, f.labels, f.correlation, f.traceparent, roost.new_id()::text, 'step.' || f.state, f.prior, f.told)::roost.told
    from finished f
    union all
    select cardinality(p_ids) + p.place, 0, ((t.run).id, (t.run).key_hash, (t.run).labels, (t.run).correlation, (t.run).traceparent, (t.run).cause_id, 'run.started', p.prior,
      roost.told_of_run_1((t.run).id, (t.run).agent, (t.run).session_key, (t.run).session_kind, (t.run).job_id, (t.run).parent_run_id)
      || jsonb_build_object('workerId', p_worker, 'epoch', (t.run).epoch, 'attempt', (t.run).attempt))::roost.told
    from taken t join placed p on p.id = (t.run).id
  )
  select
    (select coalesce(array_agg(t.run order by p.place), '{}') from taken t join placed p on p.id = (t.run).id),
    array(select i.id from item i where not exists (select from done d where d.id = i.id)),
    array(select t.event from told t order by t.place, t.seq)
$$;
