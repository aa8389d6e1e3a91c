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

-- Appends events of runs; those of one run keep their order.
create or replace function roost.append_told_1(p_events roost.told[]) returns void language plpgsql as $$
declare
  e roost.told;
  n integer;
  next bigint;
  until bigint;
  part integer;
  counts integer[];
  -- Of each event, how many of its partition are before it.
  places integer[] := '{}';
  firsts bigint[];
begin
  if cardinality(p_events) = 0 then return; end if;
  if cardinality(p_events) = 1 then
    e := p_events[1];
    update roost.partition_head h set next_offset = h.next_offset + 1 from roost.topic t
      where t.name = 'runs' and h.topic = 'runs' and h.partition = e.key_hash % t.partition_count
      returning h.next_offset, h.partition, t.offsets_until into next, part, until;
    if until < next then perform roost.extend_topic_1('runs', next); end if;
    insert into roost.event (topic, partition, "offset", id, type, version, source, subject, time, correlation, causation, traceparent, labels, data)
      values ('runs', part, next - 1, e.id, e.type, 1, 'roost', e.run::text, roost.now(), e.correlation, e.causation, e.traceparent, e.labels, e.payload);
    return;
  end if;
  select t.partition_count into n from roost.topic t where t.name = 'runs';
  -- Counted here: a statement that groups costs more than the loop.
  counts := array_fill(0, array[n]);
  foreach e in array p_events loop
    part := e.key_hash % n + 1;
    places := places || counts[part];
    counts[part] := counts[part] + 1;
  end loop;
  firsts := roost.take_run_offsets_1(counts);
  insert into roost.event (topic, partition, "offset", id, type, version, source, subject, time, correlation, causation, traceparent, labels, data)
    select 'runs', t.key_hash % n, firsts[t.key_hash % n + 1] + t.place,
      t.id, t.type, 1, 'roost', t.run::text, roost.now(), t.correlation, t.causation, t.traceparent, t.labels, t.payload
    from rows from (unnest(p_events), unnest(places)) as t(run, key_hash, labels, correlation, traceparent, id, type, causation, payload, place);
end $$;

-- Fields of the run in all its events.
create or replace function roost.told_of_run_1(id uuid, agent text, session_key text, session_kind text, job_id text, parent_run_id uuid)
returns jsonb language sql stable as $$
  select jsonb_strip_nulls(jsonb_build_object('runId', id, 'agent', agent, 'sessionKey', session_key, 'sessionKind', session_kind,
    'jobId', job_id, 'parentRunId', parent_run_id))
$$;

-- Spending in the event that ends a run.
create or replace function roost.told_of_spending_1(call_count integer, usd numeric, tokens bigint, started_at timestamptz, ended_at timestamptz, is_rehearsed boolean)
returns jsonb language sql stable as $$
  select jsonb_strip_nulls(jsonb_build_object(
    'costUsd', case when call_count > 0 then usd::float8 end,
    'tokens', case when call_count > 0 then tokens end,
    'durationMs', greatest(0, round(extract(epoch from ended_at - started_at) * 1000)),
    'isRehearsed', case when is_rehearsed then true end))
$$;
