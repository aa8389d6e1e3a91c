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
