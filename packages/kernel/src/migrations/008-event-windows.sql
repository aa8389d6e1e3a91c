-- Events that a job gathers before it fires: until it has been quiet for a while (debounce), or until there are enough (batch).
-- Nothing is kept in a process. Locks: the job's row first, then these.

-- Invariant: an event that a job gathers is here once, from the transaction that moves the reader's cursor past it until the one that
-- records its tick.
create table roost.gathered_event (
  job_id    text not null references roost.job,
  topic     text collate "C" not null,
  partition integer not null,
  "offset"  bigint not null,
  event_id  text collate "C" not null,
  time      timestamptz not null,
  -- Rounds that the job has gone, through its own events, up to this one.
  depth     integer not null,
  primary key (job_id, topic, partition, "offset")
);
create index gathered_event_time on roost.gathered_event (job_id, time, event_id);

-- When the first window of what a job has gathered closes, by the times of its events; one row while anything is gathered.
create table roost.event_window (
  job_id      text primary key references roost.job,
  event_count integer not null check (event_count > 0),
  due_at      timestamptz not null
) with (fillfactor = 50);
create index event_window_due on roost.event_window (due_at);
