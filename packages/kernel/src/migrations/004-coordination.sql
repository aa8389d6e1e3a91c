-- What keeps programs from colliding: locks, pieces of work done once, remembered results, reserved subjects.
-- All times are the database's. Epochs come from one sequence, so a name that was swept and comes back never repeats one.

create sequence roost.lock_epoch;

-- Invariant: a name has one holder at a time, and the epochs of its holders only grow.
create table roost.lock (
  name        text primary key,
  -- The fencing token: greater with each holder.
  epoch       bigint not null,
  holder      text,
  purpose     text,
  -- A lock held for a run is free when the run has ended, whatever its deadline says.
  run_id      uuid,
  acquired_at timestamptz,
  renewed_at  timestamptz,
  expires_at  timestamptz,
  released_at timestamptz,
  cause_id    text not null,
  constraint lock_held_with_deadline check ((holder is null) = (expires_at is null) and (holder is null) = (acquired_at is null))
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 200);
create index lock_deadline on roost.lock (expires_at) where holder is not null;
create index lock_of_run on roost.lock (run_id) where holder is not null and run_id is not null;
create index lock_released on roost.lock (released_at) where holder is null;

-- Who waits for a lock, in order. A waiter that does not ask again in time has gone.
create table roost.lock_waiter (
  name       text not null,
  seq        bigint not null generated always as identity,
  waiter     text not null,
  since      timestamptz not null,
  expires_at timestamptz not null,
  primary key (name, waiter)
);
create index lock_waiter_order on roost.lock_waiter (name, seq);

-- An effect that happens once, by whoever begins it. Only its holder knows what became of it: past the deadline it is unknown.
create table roost.once (
  scope       text not null,
  key         text not null,
  -- free: it certainly did not happen, the next may begin it.
  state       text not null check (state in ('begun', 'done', 'unknown', 'free')),
  -- The fencing token of who began it last.
  epoch       bigint not null,
  holder      text not null,
  purpose     text,
  run_id      uuid,
  attempt     integer not null,
  result      jsonb,
  error       jsonb,
  begun_at    timestamptz not null,
  expires_at  timestamptz not null,
  ended_at    timestamptz,
  -- The result is remembered until then; null: for good.
  keep_until  timestamptz,
  cause_id    text not null,
  primary key (scope, key),
  constraint once_end_with_outcome check ((state = 'begun') = (ended_at is null))
) with (fillfactor = 70);
create index once_unfinished on roost.once (expires_at) where state = 'begun';
create index once_keep on roost.once (keep_until) where keep_until is not null;

-- (scope, key) -> the first result. Written in the transaction of the work, so there is no result without the work.
create table roost.idempotency_key (
  scope       text not null,
  key         text not null,
  -- Of the request: the same key with another request is a mistake and is refused.
  fingerprint text,
  result      jsonb,
  created_at  timestamptz not null,
  expires_at  timestamptz not null,
  primary key (scope, key)
);
create index idempotency_key_expiry on roost.idempotency_key (expires_at);

-- Reserved subjects; decisions within a scope are made one after the other.
create table roost.subject (
  id            uuid primary key,
  scope         text not null,
  text          text not null,
  reserved_by   text not null,
  run_id        uuid,
  reserved_at   timestamptz not null,
  expires_at    timestamptz not null,
  released_at   timestamptz,
  event_id      text not null
);
create index subject_live on roost.subject (scope, reserved_at desc) where released_at is null;
create index subject_expiry on roost.subject (expires_at);
