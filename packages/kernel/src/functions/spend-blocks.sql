-- Spending reserved for several calls at once, by one that makes many: one commit for a block of them.

-- Reserves for p_calls calls of at most p_usd and p_tokens each, in the scopes named. Of a cap it takes at most a hundredth, and at most half
-- of what is left, so that others find something and blocks are the smaller the nearer a cap is; one call it takes if there is room for it.
-- Invariant: nothing is reserved beyond a cap.
create or replace function roost.open_spend_block_1(p_id uuid, p_scopes text[], p_usd numeric, p_tokens bigint, p_calls integer, p_ttl_ms bigint)
returns jsonb language plpgsql as $$
declare
  places jsonb;
  tightest record;
  n integer;
  n_calls integer;
begin
  select jsonb_agg(jsonb_build_object('scope', s, 'time_window', w, 'period', roost.spend_period_1(w))) into places
    from unnest(p_scopes) as s cross join unnest(array['hour', 'day', 'month', 'total']) as w
    where w <> 'hour' or exists (select from roost.budget_cap c where c.scope = s and c.time_window = 'hour');
  perform roost.lock_spend_1(places);
  for tightest in
    select b.* from (
      select s.scope, s.time_window as "window", x.unit, x.max, x.used, x.reserved, x.asked, trunc((x.max - x.used - x.reserved) / x.asked) as fitting,
        greatest(1, least(trunc((x.max - x.used - x.reserved) / x.asked / 2), trunc(x.max / x.asked / 100), p_calls)) as share
      from jsonb_to_recordset(places) as p(scope text, time_window text, period text)
      join roost.spend s on (s.scope, s.time_window, s.period) = (p.scope, p.time_window, p.period)
      join roost.budget_cap c on (c.scope, c.time_window) = (p.scope, p.time_window)
      cross join lateral (values ('usd', c.usd_max, s.cost_usd, s.usd_reserved, p_usd), ('tokens', c.tokens_max, s.tokens, s.tokens_reserved, p_tokens),
        ('calls', c.calls_max, s.call_count, 0, 1)) as x(unit, max, used, reserved, asked)
      where x.max is not null and x.asked > 0
    ) as b order by b.fitting, b.scope, b.window, b.unit
  loop
    if tightest.fitting < 1 then
      return to_jsonb(tightest) - 'fitting' - 'share' || jsonb_build_object('granted', false);
    end if;
    if tightest.unit = 'calls' then
      n_calls := least(n_calls, tightest.share);
    else
      n := least(n, tightest.share);
    end if;
  end loop;
  n := coalesce(n, p_calls);
  n_calls := coalesce(n_calls, p_calls);
  update roost.spend s set usd_reserved = s.usd_reserved + n * p_usd, tokens_reserved = s.tokens_reserved + n * p_tokens,
    call_count = s.call_count + n_calls, touched_at = roost.now()
  from jsonb_to_recordset(places) as p(scope text, time_window text, period text)
  where (s.scope, s.time_window, s.period) = (p.scope, p.time_window, p.period);
  insert into roost.spend_block (id, usd, tokens, calls, places, expires_at)
    values (p_id, n * p_usd, n * p_tokens, n_calls, places, roost.now() + p_ttl_ms * interval '1 millisecond');
  return jsonb_build_object('granted', true, 'asks', n, 'calls', n_calls);
end $$;

-- Turns a block into what was really spent; null: all of it. Invariant: a block is settled once, by its owner or when its time is over.
create or replace function roost.settle_spend_block_1(p_id uuid, p_usd numeric, p_tokens bigint, p_calls integer) returns void language plpgsql as $$
declare
  b roost.spend_block;
begin
  delete from roost.spend_block where id = p_id returning * into b;
  if not found then return; end if;
  perform roost.lock_spend_1(b.places);
  update roost.spend s set usd_reserved = s.usd_reserved - b.usd, tokens_reserved = s.tokens_reserved - b.tokens,
    cost_usd = s.cost_usd + coalesce(p_usd, b.usd), tokens = s.tokens + coalesce(p_tokens, b.tokens),
    call_count = s.call_count - b.calls + coalesce(p_calls, b.calls), touched_at = roost.now()
  from jsonb_to_recordset(b.places) as p(scope text, time_window text, period text)
  where (s.scope, s.time_window, s.period) = (p.scope, p.time_window, p.period);
end $$;
