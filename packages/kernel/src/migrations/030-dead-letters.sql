-- Deliveries that a group with the policy `set-aside` could not carry out: the events of one key, in their order. The retry queue is this
-- table: the first letter of each key is tried again, and those behind it wait, so the order of a key is kept and other keys go on.
-- Invariant: a delivery is here from the transaction that moves the group's cursor past its event until the one that carries it out or
-- drops it. Locks: what the key stands for (a job, a run) -> letters.
create table roost.dead_letter (
  number     bigint generated always as identity primary key,
  group_name text collate "C" not null,
  -- Whose delivery it is: a job, a run.
  key        text collate "C" not null,
  topic      text not null,
  partition  integer not null,
  "offset"   bigint not null,
  -- All of it: retention may drop the log meanwhile.
  event      jsonb not null,
  -- 0: it has not been tried, it waits behind another.
  attempts   integer not null default 0 check (attempts >= 0),
  -- Not before; null: as soon as it is the first of its key.
  retry_at   timestamptz,
  error      jsonb,
  parked_at  timestamptz not null default roost.now(),
  unique (group_name, key, topic, partition, "offset")
);
create index dead_letter_of_key on roost.dead_letter (group_name, key, number);
