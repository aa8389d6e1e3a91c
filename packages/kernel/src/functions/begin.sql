-- The outcomes of earlier steps and the intent of the next, for each entry: its run, its epoch, the step and a list of outcomes, as
-- hold_run_1 takes them. One append for all, last.
--
-- Invariants: an intent is written only by the owner of the run, whose row is held until the commit, only once per seq, and not after the
-- end of the run was asked for. An effect that may change the world is announced with its intent; a read would only fill the log, and its
-- intent waits for no disk, since a power cut that takes it takes nothing that counts.
--
-- Returned for each entry, by place: begun; recorded, with the step that stands there; cancelling; or lost. `reason`: why the run is to end.
create or replace function roost.begin_1(
  p_runs uuid[], p_epochs bigint[], p_outcomes jsonb,
  p_seqs integer[], p_names text[], p_kinds text[], p_effects text[], p_hashes text[], p_inputs jsonb
) returns table (place integer, answer text, recorded roost.step, reason text) language plpgsql as $$
declare
  r record;
  key text;
  is_begun boolean;
  is_written boolean := false;
  runs uuid[] := '{}';
  key_hashes integer[] := '{}';
  labels integer[] := '{}';
  correlations text[] := '{}';
  traceparents text[] := '{}';
  types text[] := '{}';
  causations text[] := '{}';
  payloads jsonb[] := '{}';
  spenders uuid[] := '{}';
  spent_seqs integer[] := '{}';
  cost_usds numeric[] := '{}';
  spent_tokens bigint[] := '{}';
begin
  if cardinality(p_runs) > 1 then
    perform from roost.run x where x.id = any(p_runs) order by x.depth, x.id for no key update;
  end if;
  for n in 1 .. cardinality(p_runs) loop
    place := n;
    recorded := null;
    reason := null;
    r := roost.hold_run_1(p_runs[n], p_epochs[n], p_outcomes -> (n - 1));
    if not r.is_held then
      answer := 'lost';
      return next;
      continue;
    end if;
    is_written := is_written or cardinality(r.types) > 0;
    for e in 1 .. cardinality(r.types) loop
      runs := runs || p_runs[n];
      key_hashes := key_hashes || r.key_hash;
      labels := labels || r.labels;
      correlations := correlations || r.correlation;
      traceparents := traceparents || r.traceparent;
      causations := causations || r.cause_id;
    end loop;
    types := types || r.types;
    payloads := payloads || r.payloads;
    for e in 1 .. cardinality(r.spent_seqs) loop
      spenders := spenders || p_runs[n];
    end loop;
    spent_seqs := spent_seqs || r.spent_seqs;
    cost_usds := cost_usds || r.cost_usds;
    spent_tokens := spent_tokens || r.spent_tokens;
    reason := case when r.is_cancelling then coalesce(r.cancel_reason, 'cancelled') end;
    is_begun := false;
    key := p_runs[n] || ':' || p_seqs[n];
    if not r.is_cancelling then
      insert into roost.step (run_id, seq, name, kind, effect, state, attempt, epoch, idempotency_key, input_hash, input, started_at, labels)
        values (p_runs[n], p_seqs[n], p_names[n], p_kinds[n], p_effects[n], 'intent', 1, p_epochs[n], key, p_hashes[n], p_inputs -> (n - 1), roost.now(), r.labels)
        on conflict (run_id, seq) do nothing;
      is_begun := found;
    end if;
    if is_begun then
      answer := 'begun';
      if p_effects[n] <> 'readonly' then
        is_written := true;
        runs := runs || p_runs[n];
        key_hashes := key_hashes || r.key_hash;
        labels := labels || r.labels;
        correlations := correlations || r.correlation;
        traceparents := traceparents || r.traceparent;
        types := types || 'step.started'::text;
        causations := causations || r.cause_id;
        payloads := payloads || jsonb_build_object('runId', p_runs[n], 'seq', p_seqs[n], 'name', p_names[n], 'kind', p_kinds[n], 'attempt', 1,
          'effect', p_effects[n], 'idempotencyKey', key);
      end if;
    else
      select x.* into recorded from roost.step x where x.run_id = p_runs[n] and x.seq = p_seqs[n];
      answer := case when found then 'recorded' else 'cancelling' end;
    end if;
    return next;
  end loop;
  if cardinality(spenders) > 0 then perform roost.settle_spends(spenders, spent_seqs, cost_usds, spent_tokens); end if;
  if is_written then
    perform roost.append_of_runs_1(runs, key_hashes, labels, correlations, traceparents, array(select roost.new_id()::text from unnest(types)), types, causations, payloads);
  else
    perform set_config('synchronous_commit', 'off', true);
  end if;
end $$;
