-- Runs, their steps and waits, the serial keys they queue in, and the workers that own them.
-- Locks are taken in this order by everybody, so that no two transactions wait for each other:
--   worker  ->  run by (depth, id)  ->  spend  ->  serial key by name  ->  the head of a serial key's queue (SKIP LOCKED)  ->  partition heads
-- The epoch of a run is its fencing token. Whatever takes a run from its owner adds one to it (a claim, a reaper, a time limit);
-- what the owner itself does to the run keeps it. So "my epoch and no longer running" means: my own earlier write did that.

create table roost.run (
  id                  uuid primary key,
  queue               text not null,
  handler             text not null,
  state               text not null
    check (state in ('ready', 'queued', 'running', 'waiting', 'done', 'failed', 'cancelled', 'diverged')),
  priority            integer not null,
  ready_at            timestamptz,
  -- When a waiting run goes on by itself: a moment, a limit of a wait, a backoff. Null: never by itself.
  wake_at             timestamptz,
  waiting_for         text check (waiting_for in ('start', 'retry', 'time', 'event', 'person', 'child', 'resolution')),
  epoch               bigint not null,
  worker_id           uuid,

  serial_key                text,
  serial_seq            bigint,
  holds_serial_key           boolean not null,

  agent               text,
  session_key         text,
  session_kind        text,
  job_id              text,
  job_version         integer,
  tick_key            text,
  scheduled_at        timestamptz,
  late_ms             bigint,
  missed_count        integer,
  parent_run_id       uuid,
  -- The step of the parent that started this run: the same step starts it once.
  parent_seq          integer,
  -- 0 without a parent. It gives the order of locks and limits how deep runs start runs.
  depth               integer not null,
  retry_of            uuid,
  title               text,
  reason              text not null,

  input               jsonb not null,
  output              jsonb,
  error               jsonb,
  attempt             integer not null,
  attempts_max        integer not null,
  retry               jsonb not null,
  -- Owners lost in a row without a finished step in between.
  stall_count         integer not null,
  timeout_ms          bigint,
  deadline_at         timestamptz,
  -- What was left of the time limit when a declared wait began: waiting for an answer does not count.
  deadline_left_ms    bigint,
  cancel_requested_at timestamptz,
  cancel_reason       text,
  cancel_by           text,

  budget              jsonb not null,
  cost_usd           numeric(18, 9) not null,
  tokens        bigint not null,
  usd_reserved        numeric(18, 9) not null,
  tokens_reserved     bigint not null,
  call_count          integer not null,
  -- Reservations not settled yet.
  reservation_count   integer not null,
  is_rehearsed           boolean not null,

  correlation         text not null,
  causation           text,
  traceparent         text,
  -- The event that led to the present state: what the run does next is caused by it.
  cause_id            text not null,
  created_at          timestamptz not null,
  started_at          timestamptz,
  claimed_at          timestamptz,
  ended_at            timestamptz,

  constraint run_owner_while_running check ((state = 'running') = (worker_id is not null)),
  constraint run_end_when_terminal check ((state in ('done', 'failed', 'cancelled', 'diverged')) = (ended_at is not null)),
  constraint run_waits_for_something check ((state = 'waiting') = (waiting_for is not null)),
  constraint run_serial_key_place check ((serial_key is null) = (serial_seq is null)),
  constraint run_goes_with_serial_key check (
    serial_key is null and not holds_serial_key
    or serial_key is not null and case state when 'queued' then not holds_serial_key when 'ready' then holds_serial_key when 'running' then holds_serial_key else true end),
  constraint run_queued_by_serial_key check (state <> 'queued' or serial_key is not null)
) with (
  fillfactor = 70,
  autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 500,
  autovacuum_analyze_scale_factor = 0.02, autovacuum_analyze_threshold = 500,
  autovacuum_vacuum_cost_delay = 0
);

-- The claim reads only this index: stuck and finished runs are not in it.
create index run_ready on roost.run (queue, priority desc, ready_at, id) where state = 'ready';
create index run_wake on roost.run (wake_at) where state = 'waiting' and wake_at is not null;
create index run_queued on roost.run (serial_key, serial_seq) where state = 'queued';
create index run_owner on roost.run (worker_id) where state = 'running';
create index run_deadline on roost.run (deadline_at) where deadline_at is not null and ended_at is null;
create index run_cancel on roost.run (cancel_requested_at) where state = 'running' and cancel_requested_at is not null;
create index run_live on roost.run (id) where ended_at is null;
create index run_live_job on roost.run (job_id) where ended_at is null and job_id is not null;
create unique index run_children on roost.run (parent_run_id, parent_seq) where parent_run_id is not null;
-- A run is tried again by one other run, however often somebody asks.
create unique index run_retry_of on roost.run (retry_of) where retry_of is not null;
create index run_ended on roost.run (ended_at) where ended_at is not null;
-- One run of a serial key goes at a time: the serial key row decides, this index makes sure.
create unique index run_serial_key_holder on roost.run (serial_key) where holds_serial_key;

-- A terminal row never changes; it can only be moved to history.
create function roost.refuse_change_of_ended_run() returns trigger language plpgsql as $$
begin
  raise exception 'run % has ended as %; an ended run never changes', old.id, old.state using errcode = 'integrity_constraint_violation';
end $$;
create trigger run_ended_is_final before update on roost.run
  for each row when (old.ended_at is not null) execute function roost.refuse_change_of_ended_run();

-- Invariant: a serial key has at most one holder; runs enter it under its row lock and leave it in the order of their seq.
create table roost.serial_key (
  name          text primary key,
  holder        uuid,
  next_seq      bigint not null,
  -- The highest priority that has queued since the queue was last empty: who goes first lends from who waits behind.
  priority_lent integer not null
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 500);

-- Rows of step, wait and question exist only with their run: each is written by a statement that holds the run's row.
create table roost.step (
  run_id          uuid not null,
  seq             integer not null,
  name            text not null,
  kind            text not null,
  effect          text not null check (effect in ('readonly', 'idempotent', 'queryable', 'unsafe')),
  state           text not null check (state in ('intent', 'done', 'failed', 'unknown', 'waiting')),
  attempt         integer not null,
  epoch           bigint not null,
  idempotency_key text not null,
  input_hash      text not null,
  input           jsonb,
  output          jsonb,
  error           jsonb,
  usage           jsonb,
  cost_usd        numeric(18, 9),
  -- A failed step that runs again when the run is tried again.
  reopened        boolean not null default false,
  -- What somebody found out about an unknown outcome: { outcome, note, by, at }.
  resolution      jsonb,
  started_at      timestamptz not null,
  ended_at        timestamptz,
  primary key (run_id, seq),
  constraint step_end_with_outcome check ((state in ('done', 'failed', 'unknown')) = (ended_at is not null))
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 500);
create index step_unresolved on roost.step (ended_at) where state = 'unknown' and resolution is null;

-- Invariant: a step waits for one thing, and what ended the wait is recorded once.
create table roost.wait (
  run_id       uuid not null,
  seq          integer not null,
  kind         text not null check (kind in ('time', 'event', 'person', 'child', 'resolution')),
  until        timestamptz,
  event_type   text,
  filter       jsonb,
  -- Only events at or after these offsets of the topic count: { "<partition>": offset }.
  topic        text,
  from_offsets jsonb,
  question_id  uuid,
  child_run_id uuid,
  created_at   timestamptz not null,
  resolved_at  timestamptz,
  result       jsonb,
  primary key (run_id, seq)
);
create unique index wait_open on roost.wait (run_id) where resolved_at is null;
create index wait_open_child on roost.wait (child_run_id) where resolved_at is null and child_run_id is not null;
create index wait_open_event on roost.wait (topic, event_type) where resolved_at is null and kind = 'event';

-- Invariant: a question is open, or has one end: answered, expired or withdrawn.
create table roost.question (
  id          uuid primary key,
  run_id      uuid not null,
  seq         integer not null,
  kind        text not null,
  prompt      text not null,
  choices     jsonb,
  details     jsonb,
  asked_at    timestamptz not null,
  expires_at  timestamptz,
  state       text not null check (state in ('open', 'answered', 'expired', 'withdrawn')),
  answer      jsonb,
  answered_by text,
  answered_at timestamptz,
  unique (run_id, seq)
);
create index question_open on roost.question (asked_at) where state = 'open';

-- A process that owns runs, proven alive by the advisory lock of its key and by its deadline.
create table roost.worker (
  id         uuid primary key,
  host       text not null,
  pid        integer not null,
  kind       text not null,
  -- The session-level advisory lock that its process holds: free means that the process, or its connection, is gone.
  lock_key   bigint not null,
  started_at timestamptz not null,
  seen_at    timestamptz not null,
  expires_at timestamptz not null,
  details    jsonb not null
) with (fillfactor = 50);

-- Ended runs and their steps live here after a while, by month of the run's end; a month is dropped as one table.
create table roost.run_history (like roost.run including defaults) partition by range (ended_at);
create index run_history_id on roost.run_history (id);
create index run_history_job on roost.run_history (job_id, id) where job_id is not null;
create index run_history_session on roost.run_history (session_key, id) where session_key is not null;
create index run_history_parent on roost.run_history (parent_run_id) where parent_run_id is not null;
create index run_history_retry_of on roost.run_history (retry_of) where retry_of is not null;
create table roost.step_history (like roost.step including defaults, run_ended_at timestamptz not null) partition by range (run_ended_at);
create index step_history_id on roost.step_history (run_id, seq);

-- Readers see runs and steps wherever they are; no writer goes through these views.
create view roost.run_all as select * from roost.run union all select * from roost.run_history;
create view roost.step_all as
  select run_id, seq, name, kind, effect, state, attempt, epoch, idempotency_key, input_hash, input, output, error, usage, cost_usd,
         reopened, resolution, started_at, ended_at from roost.step
  union all
  select run_id, seq, name, kind, effect, state, attempt, epoch, idempotency_key, input_hash, input, output, error, usage, cost_usd,
         reopened, resolution, started_at, ended_at from roost.step_history;

-- Gives each named serial key that nobody holds to the first run of its queue. A serial key whose holder is in `ended` counts as free.
-- The head of the queue is only ever taken, never overtaken: is it locked (somebody ends it right now), the serial key stays free and
-- whoever holds that lock, or the scheduler, comes here again.
create function roost.promote_serial_keys(names text[], ended uuid[]) returns table (run_id uuid, run_queue text) language plpgsql as $$
declare
  key_name text;
  key_holder uuid;
  lent integer;
  head_id uuid;
  taken_id uuid;
begin
  for key_name in select distinct unnest(names) order by 1 loop
    select holder, priority_lent into key_holder, lent from roost.serial_key where name = key_name for update;
    if not found or (key_holder is not null and not key_holder = any(ended)) then
      continue;
    end if;
    taken_id := null;
    head_id := null;
    select id into head_id from roost.run where serial_key = key_name and state = 'queued' order by serial_seq limit 1;
    if found then
      select id into taken_id from roost.run where id = head_id and state = 'queued' for no key update skip locked;
    end if;
    if taken_id is distinct from key_holder then
      update roost.serial_key set holder = taken_id,
        priority_lent = case when head_id is null then -2147483648 else priority_lent end
      where name = key_name;
    end if;
    if taken_id is not null then
      return query update roost.run
        set state = 'ready', holds_serial_key = true, ready_at = roost.now(), priority = greatest(priority, lent) where id = taken_id returning id, queue;
    end if;
  end loop;
end $$;
