-- Groups read under the lock of their cursors, in any process: without members and leases. What a failing event does is a setting of the
-- group; what stands still for good is told once.
drop table roost.group_member;
alter table roost.cursor
  drop column epoch, drop column owner, drop column owned_since, drop column batch_limit,
  -- The failing offset that the person was told of.
  add column told_offset bigint;
-- Epochs were those of leases.
drop sequence roost.partition_epoch;

-- What a group says of itself.
alter table roost.consumer_group
  -- Null: a failing event stops its partition. Else it is set aside, with later ones of its key, and given up after so many attempts.
  add column attempts_max integer check (attempts_max > 0),
  -- Invariant: nothing leaves these topics before the group has read it.
  add column pinned_topics text[] not null default '{}';

-- What is given up is told once.
alter table roost.dead_letter
  add column attempts_max integer not null default 5 check (attempts_max > 0),
  add column failed_at timestamptz,
  add column is_told boolean not null default false;
-- What tells of them reads nothing but these.
create index dead_letter_untold on roost.dead_letter (failed_at) where attempts >= attempts_max and not is_told;

-- Where a consumer of a foreign copy of a topic is, by the partitions of the foreign log: kept in the transaction of the effect.
create table roost.foreign_offset (
  group_name  text collate "C" not null,
  topic       text collate "C" not null,
  partition   integer not null check (partition >= 0),
  next_offset bigint not null check (next_offset >= 0),
  updated_at  timestamptz not null default roost.now(),
  primary key (group_name, topic, partition)
);

-- Foreign events that took effect, by what CloudEvents calls one event. Kept for seven days.
create table roost.foreign_event (
  source  text collate "C" not null,
  id      text collate "C" not null,
  seen_at timestamptz not null default roost.now(),
  primary key (source, id)
);
-- For forgetting the old ones.
create index foreign_event_seen on roost.foreign_event (seen_at);

-- The SHA-256 of a schema's content in canonical JSON: the same in every home and registry.
alter table roost.event_schema add column content_id text;
