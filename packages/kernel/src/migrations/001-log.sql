-- The log: topics, their partitions' heads, the events, the registered schemas, and the cursors of whoever reads.
--
-- Offsets of a partition are dense and in the order of commits, because whoever appends updates the partition's head row and
-- keeps it locked until its transaction ends. Locks are taken in this order by everybody:
--   anything else  ->  partition_head by (topic, partition)  ->  a topic's table (SHARE UPDATE EXCLUSIVE or more)  ->  topic
-- An append is therefore the last thing a transaction does.

-- The only clock of the kernel's SQL. Stable, so that one statement sees one moment. Tests replace it to move time.
create function roost.now() returns timestamptz
  language sql stable parallel safe
  return statement_timestamp();

-- A topic keeps its number and its segments; partitions are added, never taken away.
create table roost.topic (
  name            text collate "C" primary key check (name ~ '^[a-z][a-z0-9_-]{0,62}$'),
  -- The table under roost.event that holds this topic's events; its name is made once, from the number and the name.
  number          integer generated always as identity,
  relation        text not null,
  partition_count integer not null check (partition_count between 1 and 256),
  -- Offsets per segment: a segment is a table, and what retention drops.
  segment_size    bigint not null check (segment_size between 16 and 1000000000),
  -- Segments exist for every offset from offsets_from up to, but without, offsets_until.
  offsets_from    bigint not null default 0,
  offsets_until   bigint not null default 0,
  -- Null: kept for ever.
  retention_ms    bigint check (retention_ms > 0),
  created_at      timestamptz not null default roost.now()
);

-- One row per partition, updated by every append: room on the page keeps the updates HOT, early vacuum keeps it small.
create table roost.partition_head (
  topic       text collate "C" not null references roost.topic (name),
  partition   integer not null check (partition >= 0),
  next_offset bigint not null default 0 check (next_offset >= 0),
  primary key (topic, partition)
) with (fillfactor = 20, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_cost_delay = 0);

-- Invariant: (topic, partition, offset) is unique, so an offset never stands for two events; segments are dropped whole.
create table roost.event (
  topic       text collate "C" not null,
  partition   integer not null,
  "offset"    bigint not null,
  id          text collate "C" not null,
  type        text collate "C" not null,
  version     integer not null,
  source      text collate "C" not null,
  subject     text collate "C",
  -- Only when it is not the subject, nor, without a subject, the id: what decided the partition.
  key         text collate "C",
  time        timestamptz not null,
  correlation text collate "C" not null,
  causation   text collate "C",
  traceparent text collate "C",
  labels      text[] not null,
  data        jsonb not null,
  primary key (topic, partition, "offset")
) partition by list (topic);

-- Everything that goes back to one origin, for "why did this run" and "what did it cause".
create index event_correlation on roost.event (correlation);

-- Invariant: a version of a type is registered once and never changes.
create table roost.event_schema (
  type          text collate "C" not null,
  version       integer not null check (version >= 1),
  topic         text collate "C" not null references roost.topic (name),
  schema        jsonb not null,
  compatibility text not null,
  registered_at timestamptz not null default roost.now(),
  primary key (type, version)
);

-- How far a group of readers got: the next offset to read. Moved in the transaction of the effect.
create table roost.cursor (
  group_name  text collate "C" not null,
  topic       text collate "C" not null references roost.topic (name),
  partition   integer not null,
  next_offset bigint not null check (next_offset >= 0),
  updated_at  timestamptz not null default roost.now(),
  primary key (group_name, topic, partition)
) with (fillfactor = 50);

-- Makes segments until every offset below `until` has one; returns where they end now. A segment is made beside the topic's
-- table and then attached, which, unlike PARTITION OF, lets reads and appends go on.
create function roost.extend_topic(topic_name text, until bigint) returns bigint
  language plpgsql as $$
declare
  known roost.topic;
  segment text;
begin
  select * into strict known from roost.topic where name = topic_name;
  if known.offsets_until >= until then return known.offsets_until; end if;
  execute format('lock table roost.%I in share update exclusive mode', known.relation);
  -- NO KEY: rows that refer to the topic may be in flight in transactions that wait for a head of ours.
  select * into strict known from roost.topic where name = topic_name for no key update;
  while known.offsets_until < until loop
    segment := format('%s_%s', known.relation, known.offsets_until / known.segment_size);
    execute format('create table roost.%I (like roost.%I including all)', segment, known.relation);
    execute format('alter table roost.%I attach partition roost.%I for values from (%s) to (%s)',
      known.relation, segment, known.offsets_until, known.offsets_until + known.segment_size);
    known.offsets_until := known.offsets_until + known.segment_size;
  end loop;
  update roost.topic set offsets_until = known.offsets_until where name = topic_name;
  return known.offsets_until;
end $$;

-- Drops a topic's oldest segment when all of it is older than the retention, and says whether it did. The newest segment stays,
-- and so does one that some partition has not filled yet.
create function roost.drop_expired_segment(topic_name text) returns boolean
  language plpgsql as $$
declare
  known roost.topic;
  segment text;
  newest timestamptz;
begin
  select * into known from roost.topic
    where name = topic_name and retention_ms is not null and offsets_from + segment_size < offsets_until;
  if not found then return false; end if;
  if exists (select from roost.partition_head where topic = topic_name and next_offset < known.offsets_from + known.segment_size) then
    return false;
  end if;
  segment := format('%s_%s', known.relation, known.offsets_from / known.segment_size);
  -- The last of each partition: offsets are in commit order, so the others are not younger by more than a transaction takes.
  execute format('select max(e.time) from roost.partition_head h join roost.%I e on e.topic = h.topic and e.partition = h.partition
    and e."offset" = $2 where h.topic = $1', segment)
    into newest using topic_name, known.offsets_from + known.segment_size - 1;
  if newest > roost.now() - known.retention_ms * interval '1 millisecond' then return false; end if;
  -- Readers and appends of the topic wait for this lock once it is asked for, so it is not waited for long.
  perform set_config('lock_timeout', '300ms', true);
  execute format('lock table roost.%I in access exclusive mode', known.relation);
  update roost.topic set offsets_from = offsets_from + segment_size
    where name = topic_name and offsets_from = known.offsets_from;
  if not found then return false; end if;
  execute format('drop table roost.%I', segment);
  return true;
end $$;

-- Makes a topic, or gives an existing one more partitions. A key's partition depends on their count, so they never get fewer.
create function roost.create_topic(topic_name text, partitions integer, offsets_per_segment bigint, retention bigint) returns void
  language plpgsql as $$
declare
  known roost.topic;
begin
  insert into roost.topic (name, relation, partition_count, segment_size, retention_ms)
    values (topic_name, '', partitions, offsets_per_segment, retention)
    on conflict (name) do nothing
    returning * into known;
  if found then
    known.relation := format('event_%s_%s', known.number, left(replace(topic_name, '-', '_'), 32));
    update roost.topic set relation = known.relation where name = topic_name;
    execute format('create table roost.%I (like roost.event including all) partition by range ("offset")', known.relation);
    execute format('alter table roost.event attach partition roost.%I for values in (%L)', known.relation, topic_name);
    perform roost.extend_topic(topic_name, offsets_per_segment);
  else
    update roost.topic set partition_count = greatest(partition_count, partitions), retention_ms = coalesce(retention, retention_ms)
      where name = topic_name and (partition_count < partitions or retention_ms <> coalesce(retention, retention_ms) or retention_ms is null);
  end if;
  insert into roost.partition_head (topic, partition)
    select topic_name, n from generate_series(0, partitions - 1) n
    on conflict do nothing;
end $$;

-- Appends events to partitions whose heads come sorted by (topic, partition): `head_*` has one entry per partition,
-- `event_*` one per event, with its head's position in `head_*` (from 1) and its place among that head's events (from 0).
-- The payloads are one JSON array: reading it costs a third of what an array of texts does.
-- Keeps: dense offsets in commit order; no two appends wait for each other; a full segment never refuses an event.
create function roost.append_events(
  head_topics text[], head_partitions integer[], head_counts integer[],
  event_heads integer[], event_places integer[],
  ids text[], types text[], versions integer[], sources text[], subjects text[], keys text[],
  correlations text[], causations text[], traceparents text[], labels text[], payloads jsonb,
  out first_offsets bigint[], out untils bigint[]
) language plpgsql as $$
declare
  head_next bigint;
  head_until bigint;
begin
  for i in 1 .. cardinality(head_topics) loop
    update roost.partition_head set next_offset = next_offset + head_counts[i]
      where topic = head_topics[i] and partition = head_partitions[i]
      returning next_offset, (select offsets_until from roost.topic where name = topic) into head_next, head_until;
    if not found then
      raise exception 'topic "%" has no partition %', head_topics[i], head_partitions[i] using errcode = 'foreign_key_violation';
    end if;
    first_offsets[i] := head_next - head_counts[i];
    untils[i] := head_until;
  end loop;
  -- Only now, with every head locked, because making a segment takes further locks.
  for i in 1 .. cardinality(head_topics) loop
    if untils[i] < first_offsets[i] + head_counts[i] then
      untils[i] := roost.extend_topic(head_topics[i], first_offsets[i] + head_counts[i]);
    end if;
  end loop;
  insert into roost.event (topic, partition, "offset", id, type, version, source, subject, key, time, correlation, causation, traceparent, labels, data)
    select head_topics[e.head], head_partitions[e.head], first_offsets[e.head] + e.place,
      e.id, e.type, e.version, e.source, e.subject, e.key, roost.now(), e.correlation, e.causation, e.traceparent, e.labels::text[], e.payload
    from rows from (
      unnest(event_heads, event_places, ids, types, versions, sources, subjects, keys, correlations, causations, traceparents, labels),
      jsonb_array_elements(payloads)
    ) as e (head, place, id, type, version, source, subject, key, correlation, causation, traceparent, labels, payload);
end $$;
