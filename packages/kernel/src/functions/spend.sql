-- The name of the period of a window that goes on now.
create or replace function roost.spend_period_1(of_window text) returns text language sql stable as $$
  select case of_window
    when 'hour' then to_char(roost.now() at time zone time_zone, 'YYYY-MM-DD"T"HH24')
    when 'day' then to_char(roost.now() at time zone time_zone, 'YYYY-MM-DD')
    when 'month' then to_char(roost.now() at time zone time_zone, 'YYYY-MM')
    else 'total' end
  from roost.budget_setting
$$;

-- The rows in which spending of a run counts now: its own and its parents' caps, its job, its agent, the key in whose name it was asked for, everything.
create or replace function roost.spend_places_1(of_run uuid) returns table (scope text, time_window text, period text) language sql stable as $$
  with recursive
  line as (
    select id, parent_run_id, job_id, agent, budget, input ->> 'keyId' as key_id, 0 as height from roost.run where id = of_run
    union all
    select p.id, p.parent_run_id, p.job_id, p.agent, p.budget, p.input ->> 'keyId', line.height + 1
    from line join roost.run p on p.id = line.parent_run_id where line.height < 32
  ),
  named as (
    select 'all' as scope
    union select 'job:' || job_id from line where job_id is not null
    union select 'agent:' || agent from line where height = 0 and agent is not null
    union select 'key:' || key_id from line where key_id is not null
  )
  select named.scope, w.time_window, roost.spend_period_1(w.time_window)
  from named cross join unnest(array['hour', 'day', 'month', 'total']) as w(time_window)
  where w.time_window <> 'hour'
     or exists (select 1 from roost.budget_cap c where c.scope = named.scope and c.time_window = 'hour')
  union all
  select 'run:' || line.id, 'total', 'total' from line where line.budget <> '{}'::jsonb
$$;

-- Invariant: every row that is counted in exists and is locked, in the one order.
create or replace function roost.lock_spend_1(places jsonb) returns void language plpgsql as $$
begin
  -- Without a lock: who took some before it made the others would leave the order.
  if exists (
    select from jsonb_to_recordset(places) as p(scope text, time_window text, period text)
    where not exists (select from roost.spend s where (s.scope, s.time_window, s.period) = (p.scope, p.time_window, p.period))
  ) then
    insert into roost.spend (scope, time_window, period, touched_at)
    select p.scope, p.time_window, p.period, roost.now()
    from jsonb_to_recordset(places) as p(scope text, time_window text, period text)
    order by 1, 2, 3
    on conflict do nothing;
  end if;
  perform 1 from roost.spend s
  where (s.scope, s.time_window, s.period) in (
    select p.scope, p.time_window, p.period from jsonb_to_recordset(places) as p(scope text, time_window text, period text))
  order by s.scope, s.time_window, s.period for update;
end $$;

-- Invariant: nothing is reserved beyond a cap, nor by a run that is lost; the run's row is the fence and is held.
create or replace function roost.reserve_spend_1(for_run uuid, at_epoch bigint, at_seq integer, new_id uuid, ask_usd numeric, ask_tokens bigint)
returns jsonb language plpgsql as $$
declare
  present record;
  open_id uuid;
  places jsonb;
  refusal jsonb;
begin
  select state, epoch into present from roost.run where id = for_run for no key update;
  if not found then
    return jsonb_build_object('lost', true);
  end if;
  if present.epoch <> at_epoch or present.state <> 'running' then
    return jsonb_build_object('lost', true, 'state', present.state, 'epoch', present.epoch);
  end if;
  select id into open_id from roost.reservation where run_id = for_run and seq = at_seq;
  if found then
    return jsonb_build_object('granted', true, 'reservationId', open_id);
  end if;

  select jsonb_agg(to_jsonb(p)) into places from roost.spend_places_1(for_run) p;
  perform roost.lock_spend_1(places);

  with cap as (
    select scope, time_window, usd_max, tokens_max, calls_max from roost.budget_cap
    union all
    select 'run:' || r.id, 'total', (r.budget ->> 'usdMax')::numeric, (r.budget ->> 'tokensMax')::bigint, (r.budget ->> 'callsMax')::bigint
    from jsonb_to_recordset(places) as p(scope text, time_window text, period text)
    join roost.run r on r.id = case when p.scope like 'run:%' then substr(p.scope, 5)::uuid end
  ),
  used as (
    select s.*, cap.usd_max, cap.tokens_max, cap.calls_max
    from jsonb_to_recordset(places) as p(scope text, time_window text, period text)
    join roost.spend s on (s.scope, s.time_window, s.period) = (p.scope, p.time_window, p.period)
    join cap on (cap.scope, cap.time_window) = (p.scope, p.time_window)
  ),
  refusing as (
    select scope, time_window, 'usd' as unit, usd_max as bound, cost_usd as used, usd_reserved as reserved, ask_usd as asked
    from used where cost_usd + usd_reserved + ask_usd > usd_max
    union all
    select scope, time_window, 'tokens', tokens_max, tokens, tokens_reserved, ask_tokens
    from used where tokens + tokens_reserved + ask_tokens > tokens_max
    union all
    select scope, time_window, 'calls', calls_max, call_count, 0, 1 from used where call_count + 1 > calls_max
  )
  select jsonb_build_object('granted', false, 'scope', scope, 'window', time_window, 'unit', unit,
                            'max', bound, 'used', used, 'reserved', reserved, 'asked', asked)
  into refusal from refusing order by scope, time_window, unit limit 1;
  if refusal is not null then
    return refusal;
  end if;

  update roost.spend s
  set usd_reserved = s.usd_reserved + ask_usd, tokens_reserved = s.tokens_reserved + ask_tokens, call_count = s.call_count + 1, touched_at = roost.now()
  from jsonb_to_recordset(places) as p(scope text, time_window text, period text)
  where (s.scope, s.time_window, s.period) = (p.scope, p.time_window, p.period);
  update roost.run
  set usd_reserved = usd_reserved + ask_usd, tokens_reserved = tokens_reserved + ask_tokens, call_count = call_count + 1,
      reservation_count = reservation_count + 1
  where id = for_run and epoch = at_epoch and state = 'running';
  insert into roost.reservation (id, run_id, seq, usd, tokens, places, created_at)
  values (new_id, for_run, at_seq, ask_usd, ask_tokens, places, roost.now());
  return jsonb_build_object('granted', true, 'reservationId', new_id);
end $$;

-- Turns a step's reservation into what was really spent (null: all that was reserved); what was never reserved is counted too.
-- The caller holds the run's row under its fence.
create or replace function roost.settle_spend_1(of_run uuid, at_seq integer, actual_usd numeric, actual_tokens bigint) returns void language plpgsql as $$
declare
  open_one roost.reservation;
  was_open boolean;
  was_usd numeric;
  was_tokens bigint;
  places jsonb;
begin
  delete from roost.reservation where run_id = of_run and seq = at_seq returning * into open_one;
  was_open := found;
  was_usd := coalesce(open_one.usd, 0);
  was_tokens := coalesce(open_one.tokens, 0);
  actual_usd := coalesce(actual_usd, was_usd);
  actual_tokens := coalesce(actual_tokens, was_tokens);
  if not was_open and actual_usd = 0 and actual_tokens = 0 then
    return;
  end if;
  if was_open then
    places := open_one.places;
  else
    select jsonb_agg(to_jsonb(p)) into places from roost.spend_places_1(of_run) p;
  end if;
  perform roost.lock_spend_1(places);
  update roost.spend s
  set usd_reserved = s.usd_reserved - was_usd, cost_usd = s.cost_usd + actual_usd,
      tokens_reserved = s.tokens_reserved - was_tokens, tokens = s.tokens + actual_tokens,
      call_count = s.call_count + case when was_open then 0 else 1 end, touched_at = roost.now()
  from jsonb_to_recordset(places) as p(scope text, time_window text, period text)
  where (s.scope, s.time_window, s.period) = (p.scope, p.time_window, p.period);
  update roost.run
  set usd_reserved = usd_reserved - was_usd, cost_usd = cost_usd + actual_usd,
      tokens_reserved = tokens_reserved - was_tokens, tokens = tokens + actual_tokens,
      call_count = call_count + case when was_open then 0 else 1 end,
      reservation_count = reservation_count - case when was_open then 1 else 0 end
  where id = of_run and ended_at is null;
end $$;

-- Invariant: the rows of all these steps are locked before any of them changes, in the one order.
create or replace function roost.settle_spends_1(of_runs uuid[], at_seqs integer[], usds numeric[], token_counts bigint[]) returns void language plpgsql as $$
begin
  if cardinality(of_runs) > 1 then
    perform roost.lock_spend_1((
      select coalesce(jsonb_agg(distinct place), '[]'::jsonb)
      from (
        select jsonb_array_elements(r.places) as place
        from unnest(of_runs, at_seqs) as i(run_id, seq) join roost.reservation r on r.run_id = i.run_id and r.seq = i.seq
        union all
        select to_jsonb(p)
        from unnest(of_runs, at_seqs) as i(run_id, seq) cross join lateral roost.spend_places_1(i.run_id) as p
        where not exists (select 1 from roost.reservation r where r.run_id = i.run_id and r.seq = i.seq)
      ) as places));
  end if;
  for i in 1 .. cardinality(of_runs) loop
    perform roost.settle_spend_1(of_runs[i], at_seqs[i], usds[i], token_counts[i]);
  end loop;
end $$;

-- Whatever these runs reserved and did not settle counts as spent. The caller holds their rows.
create or replace function roost.settle_reservations_1(of_runs uuid[]) returns void language plpgsql as $$
declare
  open_one record;
begin
  perform roost.lock_spend_1((
    select coalesce(jsonb_agg(distinct place), '[]'::jsonb)
    from roost.reservation r cross join jsonb_array_elements(r.places) as place where r.run_id = any(of_runs)));
  for open_one in select run_id, seq from roost.reservation where run_id = any(of_runs) order by run_id, seq loop
    perform roost.settle_spend_1(open_one.run_id, open_one.seq, null, null);
  end loop;
end $$;
