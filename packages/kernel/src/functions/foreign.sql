-- Positions for consumers of foreign logs, used in the transaction of the effect: known events are dropped.

-- Returns whether this offset of a foreign partition is new to the group, and moves the group past it. Lower ones are not new.
create or replace function roost.take_foreign_offset_1(of_group text, of_topic text, of_partition integer, at_offset bigint) returns boolean
  language plpgsql as $$
begin
  insert into roost.foreign_offset as f (group_name, topic, partition, next_offset) values (of_group, of_topic, of_partition, at_offset + 1)
    on conflict (group_name, topic, partition) do update set next_offset = excluded.next_offset, updated_at = roost.now()
      where f.next_offset < excluded.next_offset;
  return found;
end $$;

-- Returns whether this foreign event is new: a source never repeats an id. Remembered for seven days.
create or replace function roost.take_foreign_event_1(of_source text, of_id text) returns boolean language plpgsql as $$
begin
  insert into roost.foreign_event (source, id) values (of_source, of_id) on conflict do nothing;
  return found;
end $$;

-- Deletes ids older than seven days: a source that repeats one later counts as new.
create or replace function roost.forget_foreign_events_1() returns void language sql as $$
  delete from roost.foreign_event where seen_at < roost.now() - interval '7 days'
$$;

-- For batches: the next offset that a group takes of a foreign partition, locked until the transaction ends.
create or replace function roost.lock_foreign_offset_1(of_group text, of_topic text, of_partition integer) returns bigint language plpgsql as $$
declare place bigint;
begin
  insert into roost.foreign_offset (group_name, topic, partition, next_offset) values (of_group, of_topic, of_partition, 0) on conflict do nothing;
  select f.next_offset into place from roost.foreign_offset f
    where f.group_name = of_group and f.topic = of_topic and f.partition = of_partition for update;
  return place;
end $$;

-- Moves the group past what it took, in the transaction that locked the offset. Never back.
create or replace function roost.move_foreign_offset_1(of_group text, of_topic text, of_partition integer, to_offset bigint) returns void language sql as $$
  update roost.foreign_offset f set next_offset = to_offset, updated_at = roost.now()
    where f.group_name = of_group and f.topic = of_topic and f.partition = of_partition and f.next_offset < to_offset
$$;

-- Of foreign events those that are new, by their places in the arrays from 1. One that stands twice in them is new once.
create or replace function roost.take_foreign_events_1(sources text[], ids text[]) returns setof bigint language sql as $$
  with given as (select source, id, min(place) as place from unnest(sources, ids) with ordinality as g(source, id, place) group by source, id),
    taken as (insert into roost.foreign_event (source, id) select source, id from given order by source, id on conflict do nothing returning source, id)
  select g.place from given g join taken t using (source, id) order by 1
$$;

-- Sets a foreign event aside: what it said is kept elsewhere, `event` says where. Nothing retries it until a person does (roost log retry).
create or replace function roost.park_foreign_1(of_group text, of_key text, of_topic text, of_partition integer, at_offset bigint, event jsonb, problem jsonb)
  returns void language sql as $$
  insert into roost.dead_letter (group_name, key, topic, partition, "offset", event, attempts, failed_at, error, attempts_max)
    values (of_group, of_key, of_topic, of_partition, at_offset, event, 1, roost.now(), problem, 1) on conflict do nothing
$$;
