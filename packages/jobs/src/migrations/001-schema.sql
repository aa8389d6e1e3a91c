-- The tables of jobs, written in the kernel's transaction. Locks are taken in the order that the kernel's schema names.

-- Jobs and their ticks.
-- A tick's primary key is what makes it happen once: (job, moment) is inserted in the transaction that starts the run, so
-- of any number of schedulers one inserts it. Locks: the job's row first, then runs, serial keys and partition heads.

create table roost.job (
  id            text primary key,
  -- Counts up with each change of the definition; a run keeps the version that started it.
  version       integer not null,
  state         text not null check (state in ('active', 'paused', 'finished', 'removed')),
  definition    jsonb not null,
  -- The definition's trigger with lengths in milliseconds and its time zone named.
  trigger       jsonb not null,
  -- For active hours that name no time zone.
  time_zone     text not null,
  -- The earliest moment that has no tick yet. It only moves forward, and only with the ticks of what it passed.
  next_at       timestamptz,
  -- next_at plus the moment's jitter: when the tick is due.
  fire_at       timestamptz,
  -- Where the grid of an interval starts.
  anchor_at     timestamptz not null,
  -- Moments already recorded as missed that the next run is still to be told of.
  missed_count  integer not null default 0,
  -- Only events at or after these offsets of the topic fire the job: { "<partition>": offset }.
  topic         text,
  from_offsets  jsonb,
  last_tick_at  timestamptz,
  -- Who wrote the definition, and which set of definitions (a directory, a file) it belongs to.
  defined_by    text not null,
  source        text,
  -- The definition as it was last brought from elsewhere (an import), before what was changed here: a further import is compared with it.
  brought       jsonb,
  paused_at     timestamptz,
  paused_by     text,
  paused_reason text,
  -- The last job.* event: what the job does is caused by it.
  cause_id      text not null,
  created_at    timestamptz not null,
  updated_at    timestamptz not null,

  constraint job_due_only_while_active check (fire_at is null or state = 'active'),
  constraint job_fires_after_its_moment check ((fire_at is null) = (next_at is null) and fire_at >= next_at)
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 200);

-- The scheduler reads only this index: paused and finished jobs are not in it.
create index job_due on roost.job (fire_at, id) where state = 'active' and fire_at is not null;
-- Those that a list by due time has last.
create index job_without_moment on roost.job (id) where fire_at is null and state <> 'removed';
create index job_on_event on roost.job (topic) where state = 'active' and topic is not null;

-- Invariant: a (job, tick key) has one row: a tick happens once.
create table roost.tick (
  job_id       text not null references roost.job,
  -- The moment in ISO 8601, 'event:<id>' or 'manual:<key>'.
  tick_key     text not null,
  scheduled_at timestamptz not null,
  outcome      text not null check (outcome in ('fired', 'skipped', 'missed')),
  -- For people. A fired tick has none unless it was late.
  reason       text,
  run_id       uuid,
  late_ms      bigint not null,
  -- Of a fired tick: how many before it were missed since the last one. Of the others: how many moments this row stands for.
  missed_count integer not null,
  -- The last moment that this row stands for, when it stands for several.
  until        timestamptz,
  job_version  integer not null,
  correlation  text not null,
  event_id     text not null,
  recorded_at  timestamptz not null,
  primary key (job_id, tick_key),
  constraint tick_run_when_fired check ((outcome = 'fired') = (run_id is not null))
);
create index tick_of_job on roost.tick (job_id, scheduled_at desc, tick_key desc);
create index tick_by_time on roost.tick (scheduled_at desc, job_id desc, tick_key desc);
create index tick_correlation on roost.tick (job_id, correlation);

-- A tick is history from the moment it is written.
create function roost.refuse_change_of_tick() returns trigger language plpgsql as $$
begin
  raise exception 'tick % of job % is recorded; a tick never changes', old.tick_key, old.job_id using errcode = 'integrity_constraint_violation';
end $$;
create trigger tick_is_final before update on roost.tick for each row execute function roost.refuse_change_of_tick();

-- Invariant: a version of a job is written once, with the change that makes it, and never changes.
create table roost.job_version (
  job_id     text not null references roost.job,
  version    integer not null,
  definition jsonb not null,
  time_zone  text not null,
  defined_by text not null,
  defined_at timestamptz not null,
  event_id   text not null,
  primary key (job_id, version)
);

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

-- Agents as versioned definitions. A run keeps the version that its agent had when it was created: what it is told, which tools it has and
-- what it uses follow from that version, also when it goes on after a change.

create table roost.agent (
  id         text primary key,
  -- Counts up with each change of the definition, and with its return after a removal.
  version    integer not null check (version >= 1),
  state      text not null check (state in ('active', 'removed')),
  definition jsonb not null,
  defined_by text not null,
  -- The file that defines it.
  source     text,
  -- Of the text of that file, by the program that read it: the same text is not read again at each start. Null: it is.
  text_hash  text,
  -- The last agent.* event.
  cause_id   text not null,
  created_at timestamptz not null default roost.now(),
  updated_at timestamptz not null default roost.now()
);

-- Invariant: a version of an agent is written once, with the change that makes it, and never changes.
create table roost.agent_version (
  agent_id   text not null references roost.agent,
  version    integer not null,
  definition jsonb not null,
  defined_by text not null,
  defined_at timestamptz not null default roost.now(),
  event_id   text not null,
  primary key (agent_id, version)
);
