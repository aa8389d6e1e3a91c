-- The rows of spending, locked as before, in one order, with less work: they are made only when some are missing, which is
-- when a period begins, and one step by itself locks them only once. What runs may spend is found by their ids: a reservation
-- had read every run that there is.

-- Invariant: every row that is counted in exists and is locked, in the one order.
create or replace function roost.lock_spend(places jsonb) returns void language plpgsql as $$
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

-- Invariant: the rows of all these steps are locked before any of them changes, in the one order.
create or replace function roost.settle_spends(of_runs uuid[], at_seqs integer[], usds numeric[], token_counts bigint[]) returns void language plpgsql as $$
begin
  if cardinality(of_runs) > 1 then
    perform roost.lock_spend((
      select coalesce(jsonb_agg(distinct place), '[]'::jsonb)
      from (
        select jsonb_array_elements(r.places) as place
        from unnest(of_runs, at_seqs) as i(run_id, seq) join roost.reservation r on r.run_id = i.run_id and r.seq = i.seq
        union all
        select to_jsonb(p)
        from unnest(of_runs, at_seqs) as i(run_id, seq) cross join lateral roost.spend_places(i.run_id) as p
        where not exists (select 1 from roost.reservation r where r.run_id = i.run_id and r.seq = i.seq)
      ) as places));
  end if;
  for i in 1 .. cardinality(of_runs) loop
    perform roost.settle_spend(of_runs[i], at_seqs[i], usds[i], token_counts[i]);
  end loop;
end $$;

-- Invariant: nothing is reserved beyond a cap, nor by a run that is lost; the run's row is the fence and is held.
create or replace function roost.reserve_spend(for_run uuid, at_epoch bigint, at_seq integer, new_id uuid, ask_usd numeric, ask_tokens bigint)
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

  select jsonb_agg(to_jsonb(p)) into places from roost.spend_places(for_run) p;
  perform roost.lock_spend(places);

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
