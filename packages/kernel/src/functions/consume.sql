-- For every reader with a cursor, in this room and in services: takes a position, moves it with the effects of the events read, or records a
-- failure.

-- A group's settings: what a failing event does (after how many attempts it is given up; null: it stops its partition), and the topics for which
-- retention waits until the group has read them.
create or replace function roost.declare_group_1(of_group text, most_attempts integer, pinned_topics text[]) returns void language sql as $$
  insert into roost.consumer_group as g (name, attempts_max, pinned_topics) values (of_group, most_attempts, pinned_topics)
    on conflict (name) do update set attempts_max = excluded.attempts_max, pinned_topics = excluded.pinned_topics
      where (g.attempts_max, g.pinned_topics) is distinct from (excluded.attempts_max, excluded.pinned_topics)
$$;

-- The initial position of a group in a partition it has never read: the first offset or the end.
create or replace function roost.begin_cursor_1(of_group text, of_topic text, of_partition integer, at_end boolean) returns void language sql as $$
  insert into roost.cursor (group_name, topic, partition, next_offset)
    select of_group, h.topic, h.partition, case when at_end then h.next_offset else greatest(h.first_offset, least(t.offsets_from, h.next_offset)) end
    from roost.partition_head h join roost.topic t on t.name = h.topic where h.topic = of_topic and h.partition = of_partition
    on conflict do nothing
$$;

-- The position of a group in a partition, locked for its other readers until the transaction ends, with the partition's first and next offsets;
-- `place` is null while another reader has it, or a failure waits for its retry.
create or replace function roost.lock_cursor_1(of_group text, of_topic text, of_partition integer, at_end boolean,
  out place bigint, out first_offset bigint, out next_offset bigint) language plpgsql as $$
begin
  for attempt in 1 .. 2 loop
    select c.next_offset into place from roost.cursor c
      where c.group_name = of_group and c.topic = of_topic and c.partition = of_partition and coalesce(c.retry_at <= roost.now(), true)
      for update skip locked;
    exit when place is not null or attempt = 2;
    perform roost.begin_cursor_1(of_group, of_topic, of_partition, at_end);
  end loop;
  -- After the lock, so that it is not before what the previous reader has read.
  select greatest(h.first_offset, least(t.offsets_from, h.next_offset)), h.next_offset into first_offset, next_offset
    from roost.partition_head h join roost.topic t on t.name = h.topic where h.topic = of_topic and h.partition = of_partition;
end $$;

-- Invariant: a cursor moves in the transaction of the effects, and only from where its reader started: of two readers of the same events one
-- commits.
create or replace function roost.move_cursor_1(of_group text, of_topic text, of_partition integer, from_offset bigint, to_offset bigint) returns boolean
  language plpgsql as $$
begin
  update roost.cursor c set next_offset = to_offset, updated_at = roost.now(), failure_count = 0, failing_offset = null, retry_at = null
    where c.group_name = of_group and c.topic = of_topic and c.partition = of_partition and c.next_offset = from_offset and to_offset >= from_offset;
  return found;
end $$;

-- The failure of a group that stops at a failing event. It stays at its position and is retried after 1, 2, 4 … 60 seconds.
create or replace function roost.fail_cursor_1(of_group text, of_topic text, of_partition integer, at_offset bigint, problem jsonb) returns void
  language sql as $$
  update roost.cursor c set failing_offset = at_offset, last_error = problem, failed_at = roost.now(),
      failure_count = case when c.failing_offset = at_offset then c.failure_count + 1 else 1 end,
      retry_at = roost.now() + least(60, power(2, case when c.failing_offset = at_offset then least(c.failure_count, 10) else 0 end)) * interval '1 second'
    where c.group_name = of_group and c.topic = of_topic and c.partition = of_partition and c.next_offset = at_offset
$$;

-- Sets events of a key aside, in order: the first with its error, the others behind it; without an error all wait behind earlier ones of the key.
-- In the transaction that moves the cursor past them. Returns how many of the key are set aside now.
create or replace function roost.park_1(of_group text, of_key text, of_topic text, of_partition integer, offsets bigint[], problem jsonb, most_attempts integer)
  returns bigint language plpgsql as $$
begin
  insert into roost.dead_letter (group_name, key, topic, partition, "offset", event, attempts, retry_at, failed_at, error, attempts_max)
    select of_group, of_key, of_topic, of_partition, e."offset",
      jsonb_build_object('topic', e.topic, 'partition', e.partition, 'offset', e."offset", 'id', e.id, 'type', e.type, 'version', e.version, 'source', e.source,
        'subject', e.subject, 'key', e.key, 'time', e.time, 'data', e.data, 'correlation', e.correlation, 'causation', e.causation,
        'traceparent', e.traceparent, 'labels', string_to_array(coalesce(s.text, 'aud:main trust:untrusted'), ' ')),
      case when f.is_first then 1 else 0 end, case when f.is_first then roost.now() + interval '1 second' end, case when f.is_first then roost.now() end,
      case when f.is_first then problem end, most_attempts
    from unnest(offsets) with ordinality as o("offset", number)
    join roost.event e on e.topic = of_topic and e.partition = of_partition and e."offset" = o."offset"
    left join roost.label_set s on s.number = e.labels
    cross join lateral (select o.number = 1 and problem is not null as is_first) as f
    order by o.number on conflict do nothing;
  return (select count(*) from roost.dead_letter d where d.group_name = of_group and d.key = of_key);
end $$;

-- A delivery failed again: it is retried after 4, 16, 64 … more seconds, until it has failed too often. Returns whether it is given up.
create or replace function roost.fail_letter_1(of_number bigint, problem jsonb) returns boolean language sql as $$
  update roost.dead_letter d set attempts = d.attempts + 1, error = problem, failed_at = roost.now(),
      retry_at = roost.now() + power(4, least(d.attempts, 6)) * interval '1 second'
    where d.number = of_number
    returning d.attempts >= d.attempts_max
$$;
