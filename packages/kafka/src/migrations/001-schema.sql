-- Which process has a partition, and what the relay knows of it. Places are the kernel's (roost.cursor, roost.foreign_offset).

-- A partition of a topic for one purpose: the relay, or a group that reads from Kafka. The epoch goes up with each owner: what an older one would
-- record is refused. A row is made when the partition is first seen and stays.
create table kafka.lease (
  purpose    text collate "C" not null,
  topic      text collate "C" not null,
  partition  integer not null check (partition >= 0),
  owner      uuid,
  epoch      bigint not null default 0,
  expires_at timestamptz,
  -- Of the owner, as people call it.
  host       text,
  primary key (purpose, topic, partition)
) with (fillfactor = 50);

-- What the relay has shipped of a partition of the log. A new generation begins when Kafka has events that the log has lost (a failover to an
-- asynchronous replica): their offsets are given again, and readers of Kafka must not take the new events for the old.
create table kafka.shipped (
  topic      text collate "C" not null,
  partition  integer not null,
  generation integer not null default 1,
  shipped_at timestamptz,
  -- What went wrong last, while it does.
  error      text,
  primary key (topic, partition)
);

-- What readers of Kafka last saw: where a topic's partition ends, for their lag.
create table kafka.seen (
  group_name text collate "C" not null,
  topic      text collate "C" not null,
  partition  integer not null,
  -- Kafka's, of the topic that the group's place is in: another one of the same name is read from its beginning.
  topic_id   text not null,
  end_offset bigint not null,
  seen_at    timestamptz not null default roost.now(),
  error      text,
  primary key (group_name, topic, partition)
);

-- What a relay does in the log besides reading it, as the owner of both: one on another host has a login that writes no row of the log. Each is for the
-- relay's own group alone.
create function kafka.declare_relay_1(of_topics text[]) returns void
  language sql security definer set search_path = pg_catalog, pg_temp as $$
  select roost.declare_group_1('kafka-relay', null, of_topics)
$$;

-- Invariant: one relay at a time moves it.
create function kafka.lock_cursor_1(of_topic text, of_partition integer, out place bigint, out first_offset bigint, out next_offset bigint)
  language sql security definer set search_path = pg_catalog, pg_temp as $$
  select l.place, l.first_offset, l.next_offset from roost.lock_cursor_1('kafka-relay', of_topic, of_partition, false) l
$$;

-- Invariant: it moves from where the relay locked it, and never back.
create function kafka.move_cursor_1(of_topic text, of_partition integer, from_offset bigint, to_offset bigint) returns boolean
  language sql security definer set search_path = pg_catalog, pg_temp as $$
  select roost.move_cursor_1('kafka-relay', of_topic, of_partition, from_offset, to_offset)
$$;
