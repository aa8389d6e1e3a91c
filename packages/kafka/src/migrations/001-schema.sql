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
  end_offset bigint not null,
  seen_at    timestamptz not null default roost.now(),
  error      text,
  primary key (group_name, topic, partition)
);
