-- How a worker comes to own runs: at most p_limit that are ready, queue by queue in the order given, within a queue by priority, then age,
-- of those whose needs are among its capabilities and whose journal it can go on with. It reads nothing but ready runs.
--
-- Invariants: one owner; only a live worker owns runs; nothing of a paused queue is taken. The epoch grows with each claim, so every
-- earlier owner's writes are refused from here on. A run keeps the version of the loop that began its journal.
--
-- The worker's row is locked after the runs, and only when there are some, so that a claim that finds nothing writes nothing. Who holds
-- that row in order to remove the worker waits only for runs of that worker, which these are not yet.
create or replace function roost.claim_1(p_worker uuid, p_queues text[], p_limit integer, p_capabilities text[], p_loops integer[])
returns setof roost.run language plpgsql set plan_cache_mode = force_generic_plan as $$
declare
  ready record;
  c record;
  e record;
begin
  ready := roost.find_ready_1(p_queues, p_limit, p_capabilities, p_loops);
  if cardinality(ready.ids) = 0 then return; end if;
  if not roost.hold_worker_1(p_worker) then return; end if;
  if cardinality(ready.ids) = 1 then
    -- The most common, and far sooner than the statement for many is planned, which each new connection has to do.
    c := roost.take_one_1(p_worker, ready.ids[1], ready.priors[1], p_loops);
    perform roost.append_told_1(array[c.event]);
    return next c.run;
  else
    e := roost.end_and_take_1('{}', '{}', '[]', p_worker, ready.ids, ready.priors, p_loops[cardinality(p_loops)]);
    perform roost.append_told_1(e.events);
    return query select * from unnest(e.taken);
  end if;
end $$;

-- Invariant: a worker that was declared dead is dead. A reaper waits for this lock and then finds what was claimed. False: it is drained.
create or replace function roost.hold_worker_1(p_worker uuid) returns boolean language plpgsql as $$
declare
  may_take boolean;
begin
  select not w.is_draining into may_take from roost.worker w where w.id = p_worker and w.expires_at > roost.now() for key share;
  if not found then raise exception 'worker % is not registered any more', p_worker using errcode = 'RS001'; end if;
  return may_take;
end $$;

-- Takes one that is ready and locked, with run.started.
create or replace function roost.take_one_1(p_worker uuid, p_id uuid, p_prior text, p_loops integer[], out run roost.run, out event roost.told) language plpgsql as $$
declare
  c record;
begin
  update roost.run r set
    state = 'running', epoch = r.epoch + 1, worker_id = p_worker, ready_at = null, claimed_at = roost.now(), cause_id = roost.new_id()::text,
    loop_version = coalesce(r.loop_version, p_loops[cardinality(p_loops)]), started_at = coalesce(r.started_at, roost.now()),
    deadline_at = coalesce(r.deadline_at, roost.now() + r.timeout_ms * interval '1 millisecond')
  where r.id = p_id
  returning r as run, (r.id, r.key_hash, r.labels, r.correlation, r.traceparent, r.cause_id, 'run.started', p_prior,
    roost.told_of_run_1(r.id, r.agent, r.session_key, r.session_kind, r.job_id, r.parent_run_id)
    || jsonb_build_object('workerId', p_worker, 'epoch', r.epoch, 'attempt', r.attempt))::roost.told as event into c;
  run := c.run;
  event := c.event;
end $$;

-- Finds and locks ready runs, with their causes.
create or replace function roost.find_ready_1(p_queues text[], p_limit integer, p_capabilities text[], p_loops integer[], out ids uuid[], out priors text[])
language plpgsql as $$
declare
  more record;
begin
  ids := '{}';
  priors := '{}';
  for q in 1 .. cardinality(p_queues) loop
    select array_agg(f.id) as ids, array_agg(f.cause_id) as priors into more from (
      select d.id, d.cause_id from roost.run d
      where d.state = 'ready' and d.queue = p_queues[q] and not exists (select from roost.queue x where x.name = p_queues[q])
        and (d.loop_version is null or d.loop_version = any(p_loops)) and (d.needs is null or d.needs <@ p_capabilities)
      order by d.priority desc, d.ready_at, d.id limit p_limit - cardinality(ids) for no key update skip locked) as f;
    ids := ids || more.ids;
    priors := priors || more.priors;
    exit when cardinality(ids) >= p_limit;
  end loop;
end $$;
