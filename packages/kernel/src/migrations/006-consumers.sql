-- Consumer groups: members share the partitions of topics; each partition is leased to one of them. The lease stands in the
-- partition's cursor, so that the statement which moves the cursor also checks the epoch of whoever moves it.
-- Locks: consumer_group by name -> cursor by (topic, partition). A batch locks no group, and its cursor after its effects.

-- A group that has or had members. Its row is what rebalances take turns on.
create table roost.consumer_group (
  name       text collate "C" primary key check (name ~ '^[a-z0-9][a-z0-9._:-]{0,126}$'),
  created_at timestamptz not null default roost.now()
);

-- Invariant: a member belongs to a process that is proven alive by its row in worker: it goes with that row.
create table roost.group_member (
  group_name text collate "C" not null references roost.consumer_group (name) on delete cascade,
  member_id  text collate "C" not null,
  worker_id  uuid not null references roost.worker (id) on delete cascade,
  topics     text[] not null,
  joined_at  timestamptz not null default roost.now(),
  primary key (group_name, member_id)
);
create index group_member_worker on roost.group_member (worker_id);

-- Epochs come from one sequence, so a group that was removed and comes back never repeats one.
create sequence roost.partition_epoch;

-- Invariant: a cursor with an owner is moved at its epoch only; whatever takes it from its owner gives it a new epoch.
alter table roost.cursor
  add column epoch          bigint not null default 0,
  -- The member that may move it; null: nobody, and whoever holds the row's lock may.
  add column owner          text collate "C",
  add column owned_since    timestamptz,
  -- After a failure fewer events are tried at once, until the failing one stands alone; null: as many as the member takes.
  add column batch_limit    integer check (batch_limit >= 1),
  -- How often the one event at failing_offset has failed by itself.
  add column failure_count  integer not null default 0,
  add column failing_offset bigint,
  add column last_error     jsonb,
  add column failed_at      timestamptz,
  add column retry_at       timestamptz,
  add constraint cursor_owned_since check ((owner is null) = (owned_since is null));
create index cursor_owner on roost.cursor (group_name, owner) where owner is not null;

-- The first offset of a partition that is kept, where that is not the first of the topic's oldest segment.
alter table roost.partition_head add column first_offset bigint not null default 0;

-- Invariant: a version that what was written before does not fit is reached by an upcaster, and every process that registers it has one.
alter table roost.event_schema add column is_upcast boolean not null default false;

-- A replay that is going on: how far the copy beside the live projection has got. A killed replay is resumed from here.
create table roost.projection_replay (
  projection    text collate "C" primary key,
  version       integer not null,
  -- Of OffsetVector: what the copy contains.
  offsets       jsonb not null,
  applied_count bigint not null default 0,
  started_at    timestamptz not null default roost.now(),
  updated_at    timestamptz not null default roost.now()
);

-- How each projection was last rebuilt or compared.
create table roost.projection_run (
  projection    text collate "C" primary key,
  version       integer not null,
  is_check      boolean not null,
  is_equal      boolean not null,
  difference    jsonb,
  sha256        text not null,
  applied_count bigint not null,
  started_at    timestamptz not null,
  ended_at      timestamptz not null default roost.now()
);

-- Copies of projections' tables are built here, beside the live ones.
create schema if not exists roost_replay;
