-- Records outcomes of steps: for each entry its run, its epoch and a list of outcomes, as hold_run_1 takes them. One append for all, last.
-- Returned for each entry that was not lost, by its place: whether anything was recorded now, and whether the end of the run was asked for.
create or replace function roost.finish_1(p_runs uuid[], p_epochs bigint[], p_outcomes jsonb)
returns table (place integer, is_new boolean, is_cancelling boolean) language plpgsql as $$
declare
  r record;
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
    r := roost.hold_run_1(p_runs[n], p_epochs[n], p_outcomes -> (n - 1));
    continue when not r.is_held;
    place := n;
    is_new := cardinality(r.types) > 0;
    is_cancelling := r.is_cancelling;
    return next;
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
  end loop;
  if cardinality(spenders) > 0 then perform roost.settle_spends(spenders, spent_seqs, cost_usds, spent_tokens); end if;
  perform roost.append_of_runs_1(runs, key_hashes, labels, correlations, traceparents, array(select roost.new_id()::text from unnest(types)), types, causations, payloads);
end $$;
