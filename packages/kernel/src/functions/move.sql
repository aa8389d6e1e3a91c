-- What waits together in a process, in one transaction: steps as step_1 takes them, ends and the next claim as end_1 takes them. One append for all,
-- last: calls of their own would queue for the heads, each until the commit of the one before is on disk.
--
-- Invariants: those of step_1 and end_1. All runs are locked first, in the one order; ends settle no spending here, so that its rows are locked once.
--
-- Returned: the rows of step_1; `taken` with a run that was claimed; `missed` with the key of a run that was not ended, which the caller ends by itself.
create or replace function roost.move_1(
  p_runs uuid[], p_epochs bigint[], p_outcomes jsonb,
  p_seqs integer[], p_names text[], p_kinds text[], p_effects text[], p_hashes text[], p_inputs jsonb, p_takes boolean[], p_asks jsonb,
  p_ids uuid[], p_end_epochs bigint[], p_ends jsonb, p_worker uuid, p_queues text[], p_limit integer, p_capabilities text[], p_loops integer[]
) returns setof roost.moved language plpgsql set plan_cache_mode = force_generic_plan as $$
declare
  m roost.moved;
  more record;
  e record;
  events roost.told[] := '{}';
  is_written boolean := false;
begin
  more := roost.find_next_1(p_worker, p_queues, p_limit, p_capabilities, p_loops);
  perform from roost.run x where x.id = any(p_runs || p_ids) order by x.depth, x.id for no key update;
  for m in select * from roost.step_1(p_runs, p_epochs, p_outcomes, p_seqs, p_names, p_kinds, p_effects, p_hashes, p_inputs, p_takes, p_asks, false) loop
    events := events || m.events;
    is_written := is_written or coalesce(m.spending ->> 'granted' = 'true', false);
    return next m;
  end loop;
  m := null;
  if cardinality(p_ids) + cardinality(more.ids) > 0 then
    e := roost.end_and_take_1(p_ids, p_end_epochs, p_ends, p_worker, more.ids, more.priors, p_loops[cardinality(p_loops)]);
    events := events || e.events;
    m.answer := 'taken';
    foreach m.run in array e.taken loop return next m; end loop;
    m := null;
    m.answer := 'missed';
    foreach m.key in array e.missed::text[] loop return next m; end loop;
  end if;
  if is_written or cardinality(events) > 0 then
    perform roost.append_told_1(events);
  else
    perform set_config('synchronous_commit', 'off', true);
  end if;
end $$;
