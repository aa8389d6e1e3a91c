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
create index job_on_event on roost.job (topic) where state = 'active' and topic is not null;

-- Invariant: a (job, tick key) has one row, whoever inserts it: a tick happens once.
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
