-- Outcomes of earlier steps, the intent of the next and what it may spend, in one call. For each entry: its run, its epoch, a list of
-- outcomes as hold_run_1 takes them, the step that begins (`p_seqs` null: none) and { id, usd, tokens } or null to reserve for it.

-- Invariants: only the owner of the run writes, and the run's row is held until the commit. An intent is written once per seq, and not
-- after the end of the run was asked for. `p_takes`: an intent that an earlier owner left open becomes this owner's; a failure that was
-- reopened does in any case. Nothing is reserved beyond a cap, nor for a step that has not begun. An effect that may change the world is
-- announced with its intent; a read would only fill the log, and its intent waits for no disk: a power cut that takes it takes nothing
-- that counts.

-- Returned for each entry, by place: begun; recorded, with the step that stands there; held (no step was named); cancelling; or lost.
-- `reason`: why the run is to end. Then, for each entry that asked, a row `spending` with what reserve_spend says. Events are appended,
-- last and at once for all, or returned to a caller that writes more (`p_appends` false).
create or replace function roost.step_1(
  p_runs uuid[], p_epochs bigint[], p_outcomes jsonb,
  p_seqs integer[], p_names text[], p_kinds text[], p_effects text[], p_hashes text[], p_inputs jsonb, p_takes boolean[], p_asks jsonb, p_appends boolean
) returns setof roost.moved language plpgsql set plan_cache_mode = force_generic_plan as $$
declare
  m roost.moved;
  r record;
  told roost.told;
  is_written boolean := false;
  events roost.told[] := '{}';
  spenders uuid[] := '{}';
  spent_seqs integer[] := '{}';
  cost_usds numeric[] := '{}';
  spent_tokens bigint[] := '{}';
  asking integer[] := '{}';
begin
  -- move_1 has locked them.
  if p_appends and cardinality(p_runs) > 1 then
    perform from roost.run x where x.id = any(p_runs) order by x.depth, x.id for no key update;
  end if;
  for n in 1 .. cardinality(p_runs) loop
    m := null;
    m.place := n;
    r := roost.hold_run_1(p_runs[n], p_epochs[n], p_outcomes -> (n - 1));
    if not r.is_held then
      m.answer := 'lost';
      return next m;
      continue;
    end if;
    m.events := r.events;
    m.is_new := cardinality(m.events) > 0;
    m.labels := r.labels;
    m.reason := case when r.is_cancelling then coalesce(r.cancel_reason, 'cancelled') end;
    m.answer := case when p_seqs[n] is null then 'held' else 'cancelling' end;
    if p_seqs[n] is not null and not r.is_cancelling then
      m.key := p_runs[n] || ':' || p_seqs[n];
      insert into roost.step as x (run_id, seq, name, kind, effect, state, attempt, epoch, idempotency_key, input_hash, input, started_at, labels)
        values (p_runs[n], p_seqs[n], p_names[n], p_kinds[n], p_effects[n], 'intent', 1, p_epochs[n], m.key, p_hashes[n], p_inputs -> (n - 1), roost.now(), r.labels)
        on conflict (run_id, seq) do update set
          state = 'intent', epoch = excluded.epoch, attempt = x.attempt + 1, reopened = false, resolution = null, error = null, output = null,
          ended_at = null, started_at = excluded.started_at
        where x.name = excluded.name and x.kind = excluded.kind and x.input_hash = excluded.input_hash
          and (x.state = 'failed' and x.reopened or x.state = 'intent' and x.epoch < excluded.epoch and p_takes[n])
        returning x.attempt, x.idempotency_key into m.attempt, m.key;
      if found then
        m.answer := 'begun';
        if p_effects[n] <> 'readonly' then
          told := r.event;
          told.id := roost.new_id()::text;
          told.type := 'step.started';
          told.payload := jsonb_build_object('runId', p_runs[n], 'seq', p_seqs[n], 'name', p_names[n], 'kind', p_kinds[n], 'attempt', m.attempt,
            'effect', p_effects[n], 'idempotencyKey', m.key);
          m.events := m.events || told;
        end if;
      end if;
    end if;
    if p_seqs[n] is not null and m.answer <> 'begun' then
      select x into m.recorded from roost.step x where x.run_id = p_runs[n] and x.seq = p_seqs[n];
      if found then m.answer := 'recorded'; end if;
    end if;
    if p_asks -> (n - 1) <> 'null' and (m.answer = 'begun' or (m.recorded).state = 'intent' and (m.recorded).epoch = p_epochs[n]) then
      asking := asking || n;
    end if;
    spenders := spenders || array_fill(p_runs[n], array[cardinality(r.spent_seqs)]);
    spent_seqs := spent_seqs || r.spent_seqs;
    cost_usds := cost_usds || r.cost_usds;
    spent_tokens := spent_tokens || r.spent_tokens;
    if p_appends then
      events := events || m.events;
      m.events := null;
    end if;
    return next m;
  end loop;
  if cardinality(asking) > 0 and cardinality(asking) + cardinality(spenders) > 1 then
    -- All rows of spending at once, in the one order.
    perform roost.lock_spend_1((
      select coalesce(jsonb_agg(distinct p), '[]') from (
        select jsonb_array_elements(v.places) as p from unnest(spenders, spent_seqs) as s(run_id, seq) join roost.reservation v on v.run_id = s.run_id and v.seq = s.seq
        union all
        select to_jsonb(p) from (select unnest(spenders) as id union select p_runs[n] from unnest(asking) as n) as s cross join lateral roost.spend_places_1(s.id) as p
      ) as places));
  end if;
  if cardinality(spenders) > 0 then perform roost.settle_spends_1(spenders, spent_seqs, cost_usds, spent_tokens); end if;
  m := null;
  m.answer := 'spending';
  foreach m.place in array asking loop
    select a.id, a.usd, a.tokens into r from jsonb_to_record(p_asks -> (m.place - 1)) as a(id uuid, usd numeric, tokens bigint);
    m.spending := roost.reserve_spend_1(p_runs[m.place], p_epochs[m.place], p_seqs[m.place], r.id, r.usd, r.tokens);
    is_written := is_written or m.spending ->> 'granted' = 'true';
    return next m;
  end loop;
  if not p_appends then return; end if;
  if is_written or cardinality(events) > 0 then
    perform roost.append_told_1(events);
  else
    perform set_config('synchronous_commit', 'off', true);
  end if;
end $$;
