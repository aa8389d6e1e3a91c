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
) returns table (
  place integer, answer text, reason text, attempt integer, key text, recorded roost.step, spending jsonb, is_new boolean,
  labels integer, correlation text, traceparent text, cause_id text, types text[], payloads jsonb[]
) language plpgsql as $$
#variable_conflict use_column
declare
  r record;
  is_written boolean := false;
  e_runs uuid[] := '{}';
  e_key_hashes integer[] := '{}';
  e_labels integer[] := '{}';
  e_correlations text[] := '{}';
  e_traceparents text[] := '{}';
  e_types text[] := '{}';
  e_causations text[] := '{}';
  e_payloads jsonb[] := '{}';
  spenders uuid[] := '{}';
  spent_seqs integer[] := '{}';
  cost_usds numeric[] := '{}';
  spent_tokens bigint[] := '{}';
  asking integer[] := '{}';
begin
  if cardinality(p_runs) > 1 then
    perform from roost.run x where x.id = any(p_runs) order by x.depth, x.id for no key update;
  end if;
  for n in 1 .. cardinality(p_runs) loop
    place := n;
    recorded := null;
    reason := null;
    types := null;
    r := roost.hold_run_1(p_runs[n], p_epochs[n], p_outcomes -> (n - 1));
    if not r.is_held then
      answer := 'lost';
      return next;
      continue;
    end if;
    is_new := cardinality(r.types) > 0;
    labels := r.labels;
    correlation := r.correlation;
    traceparent := r.traceparent;
    cause_id := r.cause_id;
    types := r.types;
    payloads := r.payloads;
    reason := case when r.is_cancelling then coalesce(r.cancel_reason, 'cancelled') end;
    answer := case when p_seqs[n] is null then 'held' else 'cancelling' end;
    if p_seqs[n] is not null and not r.is_cancelling then
      key := p_runs[n] || ':' || p_seqs[n];
      insert into roost.step as x (run_id, seq, name, kind, effect, state, attempt, epoch, idempotency_key, input_hash, input, started_at, labels)
        values (p_runs[n], p_seqs[n], p_names[n], p_kinds[n], p_effects[n], 'intent', 1, p_epochs[n], key, p_hashes[n], p_inputs -> (n - 1), roost.now(), r.labels)
        on conflict (run_id, seq) do update set
          state = 'intent', epoch = excluded.epoch, attempt = x.attempt + 1, reopened = false, resolution = null, error = null, output = null,
          ended_at = null, started_at = excluded.started_at
        where x.name = excluded.name and x.kind = excluded.kind and x.input_hash = excluded.input_hash
          and (x.state = 'failed' and x.reopened or x.state = 'intent' and x.epoch < excluded.epoch and p_takes[n])
        returning x.attempt, x.idempotency_key into attempt, key;
      if found then
        answer := 'begun';
        if p_effects[n] <> 'readonly' then
          types := types || 'step.started'::text;
          payloads := payloads || jsonb_build_object('runId', p_runs[n], 'seq', p_seqs[n], 'name', p_names[n], 'kind', p_kinds[n], 'attempt', attempt,
            'effect', p_effects[n], 'idempotencyKey', key);
        end if;
      end if;
    end if;
    if p_seqs[n] is not null and answer <> 'begun' then
      select x.* into recorded from roost.step x where x.run_id = p_runs[n] and x.seq = p_seqs[n];
      if found then answer := 'recorded'; end if;
    end if;
    if p_asks -> (n - 1) <> 'null' and (answer = 'begun' or (recorded).state = 'intent' and (recorded).epoch = p_epochs[n]) then
      asking := asking || n;
    end if;
    spenders := spenders || array_fill(p_runs[n], array[cardinality(r.spent_seqs)]);
    spent_seqs := spent_seqs || r.spent_seqs;
    cost_usds := cost_usds || r.cost_usds;
    spent_tokens := spent_tokens || r.spent_tokens;
    is_written := is_written or cardinality(types) > 0;
    if p_appends then
      e_runs := e_runs || array_fill(p_runs[n], array[cardinality(types)]);
      e_key_hashes := e_key_hashes || array_fill(r.key_hash, array[cardinality(types)]);
      e_labels := e_labels || array_fill(r.labels, array[cardinality(types)]);
      e_correlations := e_correlations || array_fill(r.correlation, array[cardinality(types)]);
      e_traceparents := e_traceparents || array_fill(r.traceparent, array[cardinality(types)]);
      e_causations := e_causations || array_fill(r.cause_id, array[cardinality(types)]);
      e_types := e_types || types;
      e_payloads := e_payloads || payloads;
      types := null;
      payloads := null;
    end if;
    return next;
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
  answer := 'spending';
  foreach place in array asking loop
    select a.id, a.usd, a.tokens into r from jsonb_to_record(p_asks -> (place - 1)) as a(id uuid, usd numeric, tokens bigint);
    spending := roost.reserve_spend_1(p_runs[place], p_epochs[place], p_seqs[place], r.id, r.usd, r.tokens);
    is_written := is_written or spending ->> 'granted' = 'true';
    return next;
  end loop;
  if not p_appends then return; end if;
  if is_written then
    perform roost.append_of_runs_1(e_runs, e_key_hashes, e_labels, e_correlations, e_traceparents, array(select roost.new_id()::text from unnest(e_types)),
      e_types, e_causations, e_payloads);
  else
    perform set_config('synchronous_commit', 'off', true);
  end if;
end $$;
