-- The segments of topics. Retention: every event that is dropped is older than the topic's retention, and offsets have no gap.

-- Makes segments until every offset below `until` has one; returns where they end now. A segment is made beside the topic's table and then
-- attached, which, unlike PARTITION OF, lets reads and appends go on. Sizes may change, so a name that is taken gets the offset.
-- Runs as the owner of the log: a worker on another host has a login that may not create tables. Such a login makes what an append needs next and no more.
create or replace function roost.extend_topic_1(topic_name text, until bigint) returns bigint
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  known roost.topic;
  segment text;
  -- In one call, for a login of another host: an append may fill many small ones.
  segments_max constant bigint := 100;
begin
  select * into strict known from roost.topic where name = topic_name;
  if known.offsets_until >= until then return known.offsets_until; end if;
  if session_user <> current_user and (until - known.offsets_until > segments_max * known.segment_size
      or until > 2 * known.segment_size + (select max(next_offset) from roost.partition_head where topic = topic_name)) then
    raise exception 'topic "%" is made ready two segments ahead of its events at most', topic_name using errcode = 'insufficient_privilege';
  end if;
  execute format('lock table roost.%I in share update exclusive mode', known.relation);
  -- NO KEY: rows that refer to the topic may be in flight in transactions that wait for a head of ours.
  select * into strict known from roost.topic where name = topic_name for no key update;
  while known.offsets_until < until loop
    segment := format('%s_%s', known.relation, known.offsets_until / known.segment_size);
    if to_regclass(format('roost.%I', segment)) is not null then
      segment := format('%s_at_%s', known.relation, known.offsets_until);
    end if;
    execute format('create table roost.%I (like roost.%I including all)', segment, known.relation);
    execute format('alter table roost.%I attach partition roost.%I for values from (%s) to (%s)',
      known.relation, segment, known.offsets_until, known.offsets_until + known.segment_size);
    insert into roost.segment (topic, offsets_from, offsets_until, relation)
      values (topic_name, known.offsets_until, known.offsets_until + known.segment_size, segment);
    known.offsets_until := known.offsets_until + known.segment_size;
  end loop;
  update roost.topic set offsets_until = known.offsets_until where name = topic_name;
  return known.offsets_until;
end $$;

-- Ends the newest segment where the fullest partition is, if it is larger than `size`, and makes further ones of that size: small
-- segments expire sooner as a whole. There are no appends to the topic meanwhile.
create or replace function roost.cut_topic_1(topic_name text, size bigint) returns void
  language plpgsql as $$
declare
  known roost.topic;
  newest roost.segment;
  cut bigint;
begin
  perform set_config('lock_timeout', '2s', true);
  perform from roost.partition_head where topic = topic_name order by partition for no key update;
  select * into strict known from roost.topic where name = topic_name;
  if known.segment_size <= size then return; end if;
  execute format('lock table roost.%I in access exclusive mode', known.relation);
  select * into strict known from roost.topic where name = topic_name for no key update;
  select * into strict newest from roost.segment where topic = topic_name order by offsets_from desc limit 1;
  select greatest(max(next_offset), newest.offsets_from + 16) into cut from roost.partition_head where topic = topic_name;
  update roost.topic set segment_size = size where name = topic_name;
  if cut >= newest.offsets_until then return; end if;
  execute format('alter table roost.%I detach partition roost.%I', known.relation, newest.relation);
  execute format('alter table roost.%I attach partition roost.%I for values from (%s) to (%s)',
    known.relation, newest.relation, newest.offsets_from, cut);
  update roost.segment set offsets_until = cut where topic = topic_name and offsets_from = newest.offsets_from;
  update roost.topic set offsets_until = cut where name = topic_name;
  perform roost.extend_topic_1(topic_name, cut + 1);
end $$;

-- The first offset of a partition that retention keeps: what is younger than the cutoff, and what a group that pins the topic has not read.
create or replace function roost.first_kept_1(topic_name text, partition_number integer, cutoff timestamptz, from_offset bigint, until_offset bigint) returns bigint
  language plpgsql stable as $$
begin
  return greatest(from_offset, least(
    roost.find_offset_1(topic_name, partition_number, cutoff, from_offset, until_offset),
    (select min(coalesce(c.next_offset, 0)) from roost.consumer_group g
     left join roost.cursor c on c.group_name = g.name and c.topic = topic_name and c.partition = partition_number
     where topic_name = any(g.pinned_topics))));
end $$;

-- Retires a topic's oldest segment that is not retired yet, and says whether it did. Every event that it drops is older than the
-- retention. Partitions that have filled the segment must be wholly expired in it; what others still hold of it, and will write to it, goes
-- to a segment of what is left, together with what earlier ones left. The newest segment stays.
create or replace function roost.drop_expired_segment_1(topic_name text) returns boolean
  language plpgsql as $$
declare
  known roost.topic;
  oldest roost.segment;
  retired roost.segment;
  cutoff timestamptz;
  kept record;
  -- More than this is not copied while appends wait.
  copied_max constant bigint := 50000;
begin
  select * into known from roost.topic where name = topic_name and retention_ms is not null;
  if not found then return false; end if;
  select * into oldest from roost.segment where topic = topic_name order by offsets_from limit 1;
  -- What is left of earlier ones goes with the next segment, or by itself once every partition has filled it.
  if oldest.is_rest and not exists (select from roost.partition_head where topic = topic_name and next_offset < oldest.offsets_until) then
    retired := oldest;
  else
    select * into retired from roost.segment where topic = topic_name and not is_rest order by offsets_from limit 1;
  end if;
  if retired.offsets_until is null or retired.offsets_until >= known.offsets_until then return false; end if;
  cutoff := roost.now() - known.retention_ms * interval '1 millisecond';
  -- Twice: first without a lock, because nearly always there is nothing to do, then with the heads locked, so that appends wait.
  for attempt in 1 .. 2 loop
    select coalesce(bool_and(p.is_filled), true) as is_filled,
      coalesce(bool_or(p.is_filled and p.first_kept < p.until), false) as is_awaited,
      coalesce(sum(p.until - p.first_kept), 0) as left_count,
      coalesce(sum(p.first_kept - p.first_offset), 0) as dropped_count
      into kept
    from (
      select h.next_offset >= retired.offsets_until as is_filled, h.first_offset, h.until,
        roost.first_kept_1(topic_name, h.partition, cutoff, h.first_offset, h.until) as first_kept
      from (
        select partition, next_offset, least(next_offset, retired.offsets_until) as until,
          least(greatest(first_offset, oldest.offsets_from), next_offset, retired.offsets_until) as first_offset
        from roost.partition_head where topic = topic_name) as h) as p;
    -- What is left is copied: not for a few events that could go with it.
    if kept.is_awaited then return false; end if;
    if not kept.is_filled and (kept.dropped_count = 0 or kept.left_count > least(copied_max, 4 * kept.dropped_count)) then
      return false;
    end if;
    exit when attempt = 2;
    -- Readers and appends of the topic wait for these locks once they are asked for, so they are not waited for long.
    perform set_config('lock_timeout', '300ms', true);
    perform from roost.partition_head where topic = topic_name order by partition for no key update;
    execute format('lock table roost.%I in access exclusive mode', known.relation);
    perform from roost.topic where name = topic_name for no key update;
    perform from roost.segment where topic = topic_name and offsets_from = retired.offsets_from and offsets_until = retired.offsets_until;
    if not found then return false; end if;
  end loop;
  perform roost.replace_segments_1(known, oldest, retired, cutoff, kept.is_filled);
  return true;
end $$;

-- The second half of drop_expired_segment, under its locks: `oldest` and `retired` may be one.
create or replace function roost.replace_segments_1(known roost.topic, oldest roost.segment, retired roost.segment, cutoff timestamptz, is_filled boolean) returns void
  language plpgsql as $$
declare
  rest text := format('%s_rest', known.relation);
  segment roost.segment;
begin
  -- Where each partition begins from now on, as long as the segments are there to look at.
  create temporary table roost_first_kept on commit drop as
    select h.partition, roost.first_kept_1(known.name, h.partition, cutoff,
      least(greatest(h.first_offset, oldest.offsets_from), h.next_offset, retired.offsets_until), least(h.next_offset, retired.offsets_until)) as first_kept
    from roost.partition_head h where h.topic = known.name;
  if not is_filled then
    execute format('create table roost.%I (like roost.%I including all)', rest || '_next', known.relation);
    execute format('insert into roost.%I select e.* from roost.%I e join pg_temp.roost_first_kept k on k.partition = e.partition
      and e."offset" >= k.first_kept where e."offset" < %s', rest || '_next', known.relation, retired.offsets_until);
  end if;
  for segment in select * from roost.segment where topic = known.name and offsets_until <= retired.offsets_until loop
    execute format('drop table roost.%I', segment.relation);
  end loop;
  delete from roost.segment where topic = known.name and offsets_until <= retired.offsets_until;
  if is_filled then
    update roost.topic set offsets_from = retired.offsets_until where name = known.name;
  else
    execute format('alter table roost.%I rename to %I', rest || '_next', rest);
    execute format('alter table roost.%I attach partition roost.%I for values from (%s) to (%s)',
      known.relation, rest, oldest.offsets_from, retired.offsets_until);
    insert into roost.segment (topic, offsets_from, offsets_until, relation, is_rest)
      values (known.name, oldest.offsets_from, retired.offsets_until, rest, true);
  end if;
  update roost.partition_head h set first_offset = k.first_kept from pg_temp.roost_first_kept k
    where h.topic = known.name and h.partition = k.partition and h.first_offset < k.first_kept;
  drop table pg_temp.roost_first_kept;
end $$;

-- The first offset whose event is not older than the time; the next offset when there is none. Times ascend with offsets but for
-- appends that ran at the same moment.
create or replace function roost.find_offset_1(of_topic text, of_partition integer, since timestamptz, first_offset bigint, next_offset bigint)
returns bigint language plpgsql stable as $$
declare
  low bigint := first_offset;
  high bigint := next_offset;
  middle bigint;
begin
  while low < high loop
    middle := (low + high) / 2;
    if (select e.time < since from roost.event e where e.topic = of_topic and e.partition = of_partition and e."offset" = middle) then
      low := middle + 1;
    else
      high := middle;
    end if;
  end loop;
  return low;
end $$;

-- Makes a topic, or gives an existing one more partitions. A key's partition depends on their count, so they never get fewer.
create or replace function roost.create_topic_1(topic_name text, partitions integer, offsets_per_segment bigint, retention bigint) returns void
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
    perform roost.extend_topic_1(topic_name, offsets_per_segment);
  else
    update roost.topic set partition_count = greatest(partition_count, partitions), retention_ms = coalesce(retention, retention_ms)
      where name = topic_name and (partition_count < partitions or retention_ms <> coalesce(retention, retention_ms) or retention_ms is null);
  end if;
  insert into roost.partition_head (topic, partition)
    select topic_name, n from generate_series(0, partitions - 1) n
    on conflict do nothing;
end $$;
