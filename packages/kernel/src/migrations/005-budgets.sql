-- Caps, what is spent and reserved under them, and the reservations. A cap holds because a reservation checks and adds under the
-- locks of all the rows it counts in, taken in the order (scope, time_window, period).

create table roost.budget_cap (
  -- 'all', 'agent:<id>' or 'job:<id>'. A run's own caps stand in run.budget and count in the scope 'run:<id>'.
  scope       text not null,
  time_window text not null check (time_window in ('hour', 'day', 'month', 'total')),
  usd_max     numeric(18, 9),
  tokens_max  bigint,
  calls_max   bigint,
  primary key (scope, time_window)
);

-- One row: where the periods of budgets begin.
create table roost.budget_setting (
  only_row  boolean primary key default true check (only_row),
  -- Where an hour, a day and a month begin.
  time_zone text not null
);
insert into roost.budget_setting (time_zone) values ('UTC');

-- Invariant: what is spent and reserved in a period never passes its caps; checked under the row lock that reserves.
create table roost.spend (
  scope           text not null,
  time_window     text not null,
  period          text not null,
  cost_usd       numeric(18, 9) not null default 0,
  usd_reserved    numeric(18, 9) not null default 0,
  tokens    bigint not null default 0,
  tokens_reserved bigint not null default 0,
  call_count      bigint not null default 0,
  touched_at      timestamptz not null,
  primary key (scope, time_window, period)
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 200);

-- Invariant: a step has at most one open reservation; it is settled once, at what was used or at its bound.
create table roost.reservation (
  id         uuid primary key,
  run_id     uuid not null,
  seq        integer not null,
  usd        numeric(18, 9) not null,
  tokens     bigint not null,
  -- The rows of spend it counts in, so that it is settled where it was reserved, also past midnight: [{ scope, time_window, period }].
  places     jsonb not null,
  created_at timestamptz not null,
  unique (run_id, seq)
);

-- The name of the period of a window that goes on now.
create function roost.spend_period(of_window text) returns text language sql stable as $$
  select case of_window
    when 'hour' then to_char(roost.now() at time zone time_zone, 'YYYY-MM-DD"T"HH24')
    when 'day' then to_char(roost.now() at time zone time_zone, 'YYYY-MM-DD')
    when 'month' then to_char(roost.now() at time zone time_zone, 'YYYY-MM')
    else 'total' end
  from roost.budget_setting
$$;

-- The rows in which spending of a run counts now: its own and its parents' caps, its job, its agent, everything.
create function roost.spend_places(of_run uuid) returns table (scope text, time_window text, period text) language sql stable as $$
  with recursive
  line as (
    select id, parent_run_id, job_id, agent, budget, 0 as height from roost.run where id = of_run
    union all
    select p.id, p.parent_run_id, p.job_id, p.agent, p.budget, line.height + 1
    from line join roost.run p on p.id = line.parent_run_id where line.height < 32
  ),
  named as (
    select 'all' as scope
    union select 'job:' || job_id from line where job_id is not null
    union select 'agent:' || agent from line where height = 0 and agent is not null
  )
  select named.scope, w.time_window, roost.spend_period(w.time_window)
  from named cross join unnest(array['hour', 'day', 'month', 'total']) as w(time_window)
  where w.time_window <> 'hour'
     or exists (select 1 from roost.budget_cap c where c.scope = named.scope and c.time_window = 'hour')
  union all
  select 'run:' || line.id, 'total', 'total' from line where line.budget <> '{}'::jsonb
$$;

-- Makes sure that the rows exist and locks them, in one order.
create function roost.lock_spend(places jsonb) returns void language plpgsql as $$
begin
  insert into roost.spend (scope, time_window, period, touched_at)
  select p.scope, p.time_window, p.period, roost.now()
  from jsonb_to_recordset(places) as p(scope text, time_window text, period text)
  order by 1, 2, 3
  on conflict do nothing;
  perform 1 from roost.spend s
  where (s.scope, s.time_window, s.period) in (
    select p.scope, p.time_window, p.period from jsonb_to_recordset(places) as p(scope text, time_window text, period text))
  order by s.scope, s.time_window, s.period for update;
end $$;

-- Reserves the upper bound of a call under every cap, or names the first cap that refuses. The run's row is the fence and is held.
create function roost.reserve_spend(for_run uuid, at_epoch bigint, at_seq integer, new_id uuid, ask_usd numeric, ask_tokens bigint)
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
    join roost.run r on 'run:' || r.id = p.scope
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
create function roost.settle_spend(of_run uuid, at_seq integer, actual_usd numeric, actual_tokens bigint) returns void language plpgsql as $$
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
    select jsonb_agg(to_jsonb(p)) into places from roost.spend_places(of_run) p;
  end if;
  perform roost.lock_spend(places);
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

-- Settles several steps at once: all rows of spend are locked first, in the one order.
create function roost.settle_spends(of_runs uuid[], at_seqs integer[], usds numeric[], token_counts bigint[]) returns void language plpgsql as $$
begin
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
  for i in 1 .. cardinality(of_runs) loop
    perform roost.settle_spend(of_runs[i], at_seqs[i], usds[i], token_counts[i]);
  end loop;
end $$;

-- Whatever these runs reserved and did not settle counts as spent: nobody knows better. The caller holds their rows.
create function roost.settle_reservations(of_runs uuid[]) returns void language plpgsql as $$
declare
  open_one record;
begin
  perform roost.lock_spend((
    select coalesce(jsonb_agg(distinct place), '[]'::jsonb)
    from roost.reservation r cross join jsonb_array_elements(r.places) as place where r.run_id = any(of_runs)));
  for open_one in select run_id, seq from roost.reservation where run_id = any(of_runs) order by run_id, seq loop
    perform roost.settle_spend(open_one.run_id, open_one.seq, null, null);
  end loop;
end $$;
