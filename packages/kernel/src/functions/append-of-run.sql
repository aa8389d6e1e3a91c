-- Appends the events of runs in the statement that changes the runs, with the labels of their run. Invariant: offsets of a partition are dense and
-- in commit order. Heads are locked by the last statement of a transaction, each once, in the order of their partitions, and stay locked until the
-- commit.

-- Takes offsets: counts and first offsets by partition, from partition 0 on.
create or replace function roost.take_run_offsets_1(counts integer[]) returns bigint[] language plpgsql as $$
declare
  firsts bigint[] := array_fill(0::bigint, array[cardinality(counts)]);
  taken bigint;
  last bigint := 0;
  until bigint;
begin
  for p in 1 .. cardinality(counts) loop
    if counts[p] > 0 then
      update roost.partition_head h set next_offset = h.next_offset + counts[p]
        where h.topic = 'runs' and h.partition = p - 1 returning h.next_offset into taken;
      firsts[p] := taken - counts[p];
      last := greatest(last, taken);
    end if;
  end loop;
  -- Only now, with every head locked, because creating a segment takes further locks.
  select t.offsets_until into until from roost.topic t where t.name = 'runs';
  if until < last then perform roost.extend_topic_1('runs', last); end if;
  return firsts;
end $$;

-- Appends events of one run, in order.
create or replace function roost.append_of_run_1(
  p_run uuid, p_key_hash integer, p_labels integer, p_correlation text, p_traceparent text,
  p_ids text[], p_types text[], p_causations text[], p_payloads jsonb[]
) returns void language plpgsql as $$
declare
  n integer := cardinality(p_types);
  next bigint;
  until bigint;
  part integer;
begin
  update roost.partition_head h set next_offset = h.next_offset + n from roost.topic t
    where t.name = 'runs' and h.topic = 'runs' and h.partition = p_key_hash % t.partition_count
    returning h.next_offset, h.partition, t.offsets_until into next, part, until;
  if until < next then perform roost.extend_topic_1('runs', next); end if;
  if n = 1 then
    insert into roost.event (topic, partition, "offset", id, type, version, source, subject, time, correlation, causation, traceparent, labels, data)
      values ('runs', part, next - 1, p_ids[1], p_types[1], 1, 'roost', p_run::text, roost.now(), p_correlation, p_causations[1], p_traceparent, p_labels, p_payloads[1]);
  else
    insert into roost.event (topic, partition, "offset", id, type, version, source, subject, time, correlation, causation, traceparent, labels, data)
      select 'runs', part, next - n + e.place - 1, e.id, e.type, 1, 'roost', p_run::text, roost.now(), p_correlation, e.causation, p_traceparent, p_labels, e.payload
      from unnest(p_ids, p_types, p_causations, p_payloads) with ordinality as e(id, type, causation, payload, place);
  end if;
end $$;

-- Appends events of several runs; those of one run keep their order.
create or replace function roost.append_of_runs_1(
  p_runs uuid[], p_key_hashes integer[], p_labels integer[], p_correlations text[], p_traceparents text[],
  p_ids text[], p_types text[], p_causations text[], p_payloads jsonb[]
) returns void language plpgsql as $$
declare
  n integer;
  counts integer[];
  firsts bigint[];
begin
  if cardinality(p_types) = 0 then return; end if;
  select t.partition_count into n from roost.topic t where t.name = 'runs';
  counts := array_fill(0, array[n]);
  for e in 1 .. cardinality(p_types) loop
    counts[p_key_hashes[e] % n + 1] := counts[p_key_hashes[e] % n + 1] + 1;
  end loop;
  firsts := roost.take_run_offsets_1(counts);
  insert into roost.event (topic, partition, "offset", id, type, version, source, subject, time, correlation, causation, traceparent, labels, data)
    select 'runs', e.key_hash % n, firsts[e.key_hash % n + 1] + row_number() over (partition by e.key_hash % n order by e.place) - 1,
      e.id, e.type, 1, 'roost', e.run::text, roost.now(), e.correlation, e.causation, e.traceparent, e.labels, e.payload
    from unnest(p_runs, p_key_hashes, p_labels, p_correlations, p_traceparents, p_ids, p_types, p_causations, p_payloads)
      with ordinality as e(run, key_hash, labels, correlation, traceparent, id, type, causation, payload, place);
end $$;

-- Fields of the run in all its events.
create or replace function roost.told_of_run_1(id uuid, agent text, session_key text, session_kind text, job_id text, parent_run_id uuid)
returns jsonb language sql immutable as $$
  select jsonb_strip_nulls(jsonb_build_object('runId', id, 'agent', agent, 'sessionKey', session_key, 'sessionKind', session_kind,
    'jobId', job_id, 'parentRunId', parent_run_id))
$$;

-- Spending in the event that ends a run.
create or replace function roost.told_of_spending_1(call_count integer, usd numeric, tokens bigint, started_at timestamptz, ended_at timestamptz, is_rehearsed boolean)
returns jsonb language sql immutable as $$
  select jsonb_strip_nulls(jsonb_build_object(
    'costUsd', case when call_count > 0 then usd::float8 end,
    'tokens', case when call_count > 0 then tokens end,
    'durationMs', greatest(0, round(extract(epoch from ended_at - started_at) * 1000)),
    'isRehearsed', case when is_rehearsed then true end))
$$;
