-- tidy: one file for the first schema; each change from here on is a migration of its own.
-- The tables of the kernel. Rooms that write in its transaction have schema files of their own (jobs, approvals, subjects). Functions stand in ../functions.
--
-- Locks are taken in this order by every transaction, so that no two wait for each other:
--   cursor  ->  job  ->  worker  ->  run by (depth, id)  ->  spend by (scope, time_window, period)  ->  serial key by name
--   ->  head of a serial key's queue (SKIP LOCKED)  ->  start limit by name  ->  head of a limit's queue (SKIP LOCKED)
--   ->  partition_head by (topic, partition)  ->  a topic's table (SHARE UPDATE EXCLUSIVE or more)  ->  topic
-- An append is therefore the last thing a transaction does.

-- The only clock of the kernel's SQL. Stable, so that one statement sees one moment. Tests replace it to move time.
create function roost.now() returns timestamptz
  language sql stable parallel safe
  return statement_timestamp();

-- The ids of events. By time, so that they are inserted at the end of an index. Simulations replace it to get the same ones again. Milliseconds in the
-- first 48 bits, version 7 in the next four: not uuidv7() of PostgreSQL 18, so that the schema is the same on every server and can be moved.
create function roost.new_id() returns uuid language sql volatile parallel safe
return encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid())
  placing substring(int8send((extract(epoch from clock_timestamp()) * 1000)::bigint) from 3) from 1 for 6), 52, 1), 53, 1), 'hex')::uuid;

-- A topic keeps its number and its segments; partitions are added, never taken away.
create table roost.topic (
  name            text collate "C" primary key check (name ~ '^[a-z][a-z0-9_-]{0,62}$'),
  -- The table under roost.event that holds this topic's events; its name is made once, from the number and the name.
  number          integer generated always as identity,
  relation        text not null,
  partition_count integer not null check (partition_count between 1 and 256),
  -- Offsets per segment: a segment is a table, and what retention drops.
  segment_size    bigint not null check (segment_size between 16 and 1000000000),
  -- Segments exist for every offset from offsets_from up to, but without, offsets_until.
  offsets_from    bigint not null default 0,
  offsets_until   bigint not null default 0,
  -- Null: kept for ever.
  retention_ms    bigint check (retention_ms > 0),
  created_at      timestamptz not null default roost.now()
);

-- One row per partition, updated by every append: room on the page keeps the updates HOT, early vacuum keeps it small.
create table roost.partition_head (
  topic       text collate "C" not null references roost.topic (name),
  partition   integer not null check (partition >= 0),
  next_offset bigint not null default 0 check (next_offset >= 0),
  -- The first offset that is kept, where that is not the first of the topic's oldest segment.
  first_offset bigint not null default 0,
  primary key (topic, partition)
) with (fillfactor = 20, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_cost_delay = 0);

-- Invariant: the segments of a topic cover its offsets from offsets_from up to offsets_until without a gap; each is one table.
create table roost.segment (
  topic        text collate "C" not null references roost.topic (name),
  offsets_from bigint not null,
  offsets_until bigint not null check (offsets_until > offsets_from),
  relation     text not null unique,
  -- Holds what is left of segments that were retired although some partition has not filled them. Only the oldest is one.
  is_rest      boolean not null default false,
  primary key (topic, offsets_from)
);

-- Invariant: (topic, partition, offset) is unique, so an offset never stands for two events; segments are dropped whole.
create table roost.event (
  topic       text collate "C" not null,
  partition   integer not null,
  "offset"    bigint not null,
  id          text collate "C" not null,
  type        text collate "C" not null,
  version     integer not null,
  source      text collate "C" not null,
  subject     text collate "C",
  -- Only when it is not the subject, nor, without a subject, the id: what decided the partition.
  key         text collate "C",
  time        timestamptz not null,
  correlation text collate "C" not null,
  causation   text collate "C",
  traceparent text collate "C",
  -- The number of a set of labels.
  labels      integer not null default 1,
  data        jsonb not null,
  primary key (topic, partition, "offset")
) partition by list (topic);

-- Everything that goes back to one origin, for "why did this run" and "what did it cause".
create index event_correlation on roost.event (correlation);

-- Invariant: a version of a type is registered once and never changes.
create table roost.event_schema (
  type          text collate "C" not null,
  version       integer not null check (version >= 1),
  topic         text collate "C" not null references roost.topic (name),
  schema        jsonb not null,
  compatibility text not null,
  -- Invariant: a version that what was written before does not fit is reached by an upcaster, and every process that registers it has one.
  is_upcast     boolean not null default false,
  -- How a digest tells of the type: one line with fields of its data in braces. Null: it does not.
  digest        text,
  -- The SHA-256 of the schema's content in canonical JSON: the same in every home and registry.
  content_id    text,
  registered_at timestamptz not null default roost.now(),
  primary key (type, version)
);

-- Consumer groups read under the lock of their cursors, in any process. What a failing event does is a setting of the group; what stands
-- still for good is told once. What a group says of itself:
create table roost.consumer_group (
  name          text collate "C" primary key check (name ~ '^[a-z0-9][a-z0-9._:-]{0,126}$'),
  -- Null: a failing event stops its partition. Else it is set aside, with later ones of its key, and given up after so many attempts.
  attempts_max  integer check (attempts_max > 0),
  -- Invariant: nothing leaves these topics before the group has read it.
  pinned_topics text[] not null default '{}',
  created_at    timestamptz not null default roost.now()
);

-- How far a group has read: the next offset. Moved in the transaction of the effect.
create table roost.cursor (
  group_name     text collate "C" not null,
  topic          text collate "C" not null references roost.topic (name),
  partition      integer not null,
  next_offset    bigint not null check (next_offset >= 0),
  updated_at     timestamptz not null default roost.now(),
  -- How often the one event at failing_offset has failed by itself.
  failure_count  integer not null default 0,
  failing_offset bigint,
  last_error     jsonb,
  failed_at      timestamptz,
  retry_at       timestamptz,
  -- The failing offset that the person was told of.
  told_offset    bigint,
  primary key (group_name, topic, partition)
) with (fillfactor = 50);

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
  failed_at  timestamptz,
  -- As its group said: given up after so many. What is given up is told once.
  attempts_max integer not null default 5 check (attempts_max > 0),
  is_told    boolean not null default false,
  parked_at  timestamptz not null default roost.now(),
  unique (group_name, key, topic, partition, "offset")
);
create index dead_letter_of_key on roost.dead_letter (group_name, key, number);
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

-- Labels: what content may be shown to, whether it can be trusted, where it came from. A set of labels is stored once; rows name it by
-- its number. What they mean is packages/contract/src/labels.ts. Two numbers are fixed:
--   1  aud:main trust:untrusted   of what says nothing of itself: the default of every row
--   2  trust:owner                of facts that Roost itself vouches for and every session may know
-- An event about a run carries the run's labels (roost.run.labels): the join of all that it has read so far. They are raised by the owner of
-- the run alone, in the transaction that records the step that read more.
create table roost.label_set (
  number     integer generated by default as identity primary key,
  -- Sorted labels, one space between them: equal sets are equal texts.
  text       text collate "C" not null check (text <> ''),
  created_at timestamptz not null default roost.now()
);
-- By its hash: a set may be longer than an index entry.
create unique index label_set_text on roost.label_set (md5(text));
insert into roost.label_set (text) values ('aud:main trust:untrusted'), ('trust:owner');

-- Runs. The epoch of a run is its fencing token. What takes a run from its owner adds one to it (a claim, a reaper, a time limit); what the
-- owner itself does to the run keeps it. So "my epoch and no longer running" means: an earlier write of mine did that.
-- Invariants: running has an owner, waiting has something to wait for, the end has its moment, nothing else has; a run that is ready or running
-- holds its serial key, one that is queued does not. One CHECK by state: each CHECK costs every statement that writes.
create table roost.run (
  id                  uuid primary key,
  queue               text not null,
  handler             text not null,
  state               text not null,
  priority            integer not null,
  ready_at            timestamptz,
  -- When a waiting run goes on by itself: a moment, a limit of a wait, a backoff. Null: never by itself.
  wake_at             timestamptz,
  waiting_for         text,
  epoch               bigint not null,
  worker_id           uuid,
  -- The hash of its id by which its events find their partition: murmur2, as Kafka's default partitioner has it, without its sign.
  key_hash            integer not null,
  -- What a worker must be able to do to take it. Null: nothing.
  needs               text[],
  -- The version of the loop that began its journal: a program goes on with journals whose rules it knows and claims no others. Null: not claimed yet.
  loop_version        integer,

  serial_key          text,
  serial_seq          bigint,
  holds_serial_key    boolean not null,
  -- Its start limits, by name.
  slot                text,
  rate                text,
  limits_passed       boolean not null default false,
  rate_passed_at      timestamptz,

  agent               text,
  -- Null: its agent was not defined.
  agent_version       integer,
  session_key         text,
  session_kind        text,
  job_id              text,
  job_version         integer,
  tick_key            text,
  scheduled_at        timestamptz,
  late_ms             bigint,
  missed_count        integer,
  parent_run_id       uuid,
  -- The step of the parent that started this run, and which of its children it is: the same step starts it once.
  parent_seq          integer,
  parent_index        integer,
  -- 0 without a parent. It gives the order of locks and limits how deep runs start runs.
  depth               integer not null,
  retry_of            uuid,
  forked_from         uuid,
  forked_seq          integer,
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
  cost_usd            numeric(18, 9) not null,
  tokens              bigint not null,
  usd_reserved        numeric(18, 9) not null,
  tokens_reserved     bigint not null,
  call_count          integer not null,
  -- Reservations not settled yet.
  reservation_count   integer not null,
  is_rehearsed        boolean not null,

  -- What must be true when it ends as done: its definition's, so that a later definition does not change it.
  postconditions      jsonb,
  -- The join of what it has read so far.
  labels              integer not null default 1,

  correlation         text not null,
  causation           text,
  traceparent         text,
  -- The event that led to the present state: what the run does next is caused by it.
  cause_id            text not null,
  created_at          timestamptz not null,
  started_at          timestamptz,
  claimed_at          timestamptz,
  ended_at            timestamptz,

  constraint run_by_state check (
    (serial_key is null) = (serial_seq is null) and (serial_key is not null or not holds_serial_key)
    and case state
      when 'running' then worker_id is not null and waiting_for is null and ended_at is null and holds_serial_key = (serial_key is not null)
      when 'ready' then worker_id is null and waiting_for is null and ended_at is null and holds_serial_key = (serial_key is not null)
      when 'queued' then worker_id is null and waiting_for is null and ended_at is null and serial_key is not null and not holds_serial_key
      when 'waiting' then worker_id is null and ended_at is null and waiting_for is not null
        and waiting_for in ('start', 'retry', 'time', 'event', 'person', 'child', 'resolution', 'slot', 'rate')
      else state in ('done', 'failed', 'cancelled', 'diverged', 'outdated') and worker_id is null and waiting_for is null and ended_at is not null
    end)
) with (
  -- Room for its next version: pages are cleaned when it is used up, and a page that keeps more room than that is left half empty.
  fillfactor = 90,
  autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 500,
  autovacuum_analyze_scale_factor = 0.02, autovacuum_analyze_threshold = 500,
  autovacuum_vacuum_cost_delay = 0
);

-- The claim reads only this index: stuck and finished runs are not in it.
create index run_ready on roost.run (queue, priority desc, ready_at, id) where state = 'ready';
-- Runs that not every worker takes: few, and looked at while they wait.
create index run_ready_needs on roost.run (queue) where state = 'ready' and needs is not null;
create index run_wake on roost.run (wake_at) where state = 'waiting' and wake_at is not null;
create index run_queued on roost.run (serial_key, serial_seq) where state = 'queued';
create index run_owner on roost.run (worker_id) where state = 'running';
create index run_deadline on roost.run (deadline_at) where deadline_at is not null and ended_at is null;
create index run_cancel on roost.run (cancel_requested_at) where state = 'running' and cancel_requested_at is not null;
create index run_live on roost.run (id) where ended_at is null;
create index run_live_job on roost.run (job_id) where ended_at is null and job_id is not null;
create unique index run_children on roost.run (parent_run_id, parent_seq, parent_index) nulls not distinct where parent_run_id is not null;
-- A run is tried again by one other run, however often it is requested.
create unique index run_retry_of on roost.run (retry_of) where retry_of is not null;
create index run_forked_from on roost.run (forked_from) where forked_from is not null;
create index run_ended on roost.run (ended_at) where ended_at is not null;
-- One run of a serial key goes at a time: the serial key row decides, this index makes sure.
create unique index run_serial_key_holder on roost.run (serial_key) where holds_serial_key;

-- The claim never sees runs that wait at a start limit: they are not ready. A look for the next one reads only the limit's own queue.
create index run_at_slot on roost.run (slot, priority desc, id) where state = 'waiting' and waiting_for = 'slot';
create index run_at_rate on roost.run (rate, priority desc, id) where state = 'waiting' and waiting_for = 'rate';
create index run_in_slot on roost.run (slot) where slot is not null and limits_passed and ended_at is null;

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

-- Start limits that runs pass before they become ready: at most so many at once (a slot), at most so many starts in a while (a rate). One row
-- per key in use. What it allows is what the run that was created last says.
create table roost.start_limit (
  -- slot:<key> or rate:<key>
  name      text primary key,
  kind      text not null check (kind in ('slot', 'rate')),
  max       integer not null check (max > 0),
  window_ms bigint,
  -- Of a rate: when the last ones started, as far as they still count.
  starts    timestamptz[] not null default '{}',
  -- Of a rate with a queue: when the next may start.
  next_at   timestamptz,
  constraint start_limit_rate_has_window check ((kind = 'rate') = (window_ms is not null))
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 500);
create index start_limit_next on roost.start_limit (next_at) where next_at is not null;

-- Invariant: a row for each queue that is paused: nothing of it is claimed.
create table roost.queue (
  name          text primary key,
  paused_at     timestamptz not null,
  paused_by     text not null,
  paused_reason text
);

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
  -- Without the texts that it shares with others.
  output          jsonb,
  -- Of the sections of the output, in their order, the hashes of their texts; null: the section has its own.
  texts           bytea[],
  error           jsonb,
  usage           jsonb,
  cost_usd        numeric(18, 9),
  -- A failed step that runs again when the run is tried again.
  reopened        boolean not null default false,
  -- What a person found out about an unknown outcome: { outcome, note, by, at }.
  resolution      jsonb,
  -- Of what stood in the context or was read before it, joined with its result.
  labels          integer not null default 1,
  started_at      timestamptz not null,
  ended_at        timestamptz,
  primary key (run_id, seq),
  constraint step_end_with_outcome check ((state in ('done', 'failed', 'unknown')) = (ended_at is not null))
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 500);
create index step_unresolved on roost.step (ended_at) where state = 'unknown' and resolution is null;

-- Long texts of contexts, most of which are the same from run to run. Invariant: one is there for as long as a step names it.
create table roost.text (
  -- SHA-256.
  hash    bytea primary key,
  text    text not null,
  -- When a step began to name it last, to the hour.
  used_at timestamptz not null
);

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
  details    jsonb not null,
  -- What it takes runs of, and what it offers to them.
  queues       text[] not null default '{}',
  capabilities text[] not null default '{}',
  -- Of its program; another minor version than the one whose functions were applied last is drained.
  version      text not null default '',
  -- How far its machine's clock was ahead of the database's when it said so. Nothing depends on it.
  skew_ms      bigint not null default 0,
  -- It takes no new run and ends those that it has.
  is_draining  boolean not null default false,
  -- Its host is in drained_host. In the row too: a heartbeat that waited for a drain sees the new row, and the old drained_host.
  is_drained   boolean not null default false
) with (fillfactor = 50);

-- Hosts that a person drains, by name. Invariant: none of their workers takes a run, nor does one that registers later.
create table roost.drained_host (
  name       text primary key,
  drained_at timestamptz not null default roost.now(),
  drained_by text not null
);

-- Ended runs and their steps live here after a while, by month of the run's end; a month is dropped as one table.
create table roost.run_history (like roost.run including defaults) partition by range (ended_at);
create index run_history_id on roost.run_history (id);
create index run_history_job on roost.run_history (job_id, id) where job_id is not null;
create index run_history_session on roost.run_history (session_key, id) where session_key is not null;
create index run_history_parent on roost.run_history (parent_run_id) where parent_run_id is not null;
create index run_history_retry_of on roost.run_history (retry_of) where retry_of is not null;
create index run_history_forked_from on roost.run_history (forked_from) where forked_from is not null;
create table roost.step_history (like roost.step including defaults, run_ended_at timestamptz not null) partition by range (run_ended_at);
create index step_history_id on roost.step_history (run_id, seq);

-- Readers see runs and steps wherever they are; no writer goes through these views.
create view roost.run_all as select * from roost.run union all select * from roost.run_history;
create view roost.step_all as
  select run_id, seq, name, kind, effect, state, attempt, epoch, idempotency_key, input_hash, input, output, error, usage, cost_usd,
         reopened, resolution, labels, started_at, ended_at, texts from roost.step
  union all
  select run_id, seq, name, kind, effect, state, attempt, epoch, idempotency_key, input_hash, input, output, error, usage, cost_usd,
         reopened, resolution, labels, started_at, ended_at, texts from roost.step_history;

-- Functions that move runs hand their events on as values: they are appended together, last.
create type roost.told as (
  run uuid, key_hash integer, labels integer, correlation text, traceparent text, id text, type text, causation text, payload jsonb
);
-- What became of a step, an end or a claim, as step_1 and move_1 say.
create type roost.moved as (
  place integer, answer text, reason text, attempt integer, key text, recorded roost.step, spending jsonb, is_new boolean, labels integer,
  events roost.told[], run roost.run
);

-- One row: how long history is kept; null: for ever.
create table roost.retention (
  only_row   boolean primary key default true check (only_row),
  -- The topics that the settings name, so that one that is no longer named is kept for ever again.
  topics     text[] not null default '{}',
  runs_ms    bigint check (runs_ms > 0),
  ticks_ms   bigint check (ticks_ms > 0),
  -- Ticks of moments before it have been dropped, or are about to be. It only grows.
  ticks_from timestamptz not null default '-infinity'
);
insert into roost.retention default values;

-- What keeps programs from colliding: locks, pieces of work done once, remembered results. All times are the database's.
-- Epochs come from one sequence, so a name that was swept and comes back never repeats one.
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

-- An effect that happens once, by the holder that begins it. Only its holder knows what became of it: past the deadline it is unknown.
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
  -- Of what was said of an effect that happened once: all who ask for the effect are given it.
  labels      integer not null default 1,
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

-- Answers of calls that came with an idempotency key: the first call does the work, later ones get its answer.
create table roost.answer (
  -- The service, the operation and the caller.
  scope       text collate "C" not null,
  key         text collate "C" not null,
  -- Of the input: the same key with another input is a mistake and is refused.
  fingerprint text not null,
  -- Invariant: only the attempt that has the token says what came of it.
  token       uuid not null,
  begun_at    timestamptz not null,
  -- Without an outcome by then the attempt is lost.
  busy_until  timestamptz not null,
  ended_at    timestamptz,
  -- As it went over the wire; null beside ended_at: it stands apart, or is longer than is kept.
  output      text,
  output_bytes integer,
  expires_at  timestamptz not null,
  primary key (scope, key),
  constraint answer_ended check ((ended_at is null) = (output_bytes is null))
);
create index answer_expiry on roost.answer (expires_at);

-- Answers of more than 64 KiB; they leave with the key.
create table roost.long_answer (
  scope  text collate "C" not null,
  key    text collate "C" not null,
  output text not null,
  primary key (scope, key),
  foreign key (scope, key) references roost.answer (scope, key) on delete cascade
);

-- Caps, what is spent and reserved under them, and the reservations. A cap holds because a reservation checks and adds under the
-- locks of all the rows it counts in, taken in the order (scope, time_window, period).

create table roost.budget_cap (
  -- 'all', 'agent:<id>', 'job:<id>' or 'key:<id>'. A run's own caps stand in run.budget and count in the scope 'run:<id>'.
  scope       text not null,
  time_window text not null check (time_window in ('hour', 'day', 'month', 'total')),
  usd_max     numeric(18, 9),
  tokens_max  bigint,
  calls_max   bigint,
  primary key (scope, time_window)
);

-- One row: where the periods of budgets begin.
create table roost.budget_setting (
  only_row  boolean primary key default true check (only_row),
  -- Where an hour, a day and a month begin.
  time_zone text not null
);
insert into roost.budget_setting (time_zone) values ('UTC');

-- Invariant: what is spent and reserved in a period never passes its caps; checked under the row lock that reserves.
create table roost.spend (
  scope           text not null,
  time_window     text not null,
  period          text not null,
  cost_usd        numeric(18, 9) not null default 0,
  usd_reserved    numeric(18, 9) not null default 0,
  tokens          bigint not null default 0,
  tokens_reserved bigint not null default 0,
  call_count      bigint not null default 0,
  touched_at      timestamptz not null,
  primary key (scope, time_window, period)
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 200);

-- Invariant: a step has at most one open reservation; it is settled once, at what was used or at its bound.
create table roost.reservation (
  id         uuid primary key,
  run_id     uuid not null,
  seq        integer not null,
  usd        numeric(18, 9) not null,
  tokens     bigint not null,
  -- The rows of spend it counts in, so that it is settled where it was reserved, also past midnight: [{ scope, time_window, period }].
  places     jsonb not null,
  created_at timestamptz not null,
  unique (run_id, seq)
);

-- Invariant: a block of calls is settled once, at what they used, or in full when its time is over.
create table roost.spend_block (
  id         uuid primary key,
  usd        numeric(18, 9) not null,
  tokens     bigint not null,
  calls      integer not null,
  -- As of a reservation.
  places     jsonb not null,
  expires_at timestamptz not null
);

-- What fails at present: told when it begins, once a day while it lasts, and when it is over, however often it fails in between.
create table roost.failure (
  -- 'job:backup', 'model', 'webhook'.
  what       text primary key,
  since      timestamptz not null default roost.now(),
  told_at    timestamptz not null default roost.now(),
  seen_count integer not null default 1 check (seen_count >= 1),
  reason     text not null,
  -- The failed run that was seen last; null: no run.
  run_id     uuid,
  -- When the person took it off the inbox.
  read_at    timestamptz
);

-- What a run of an agent starts with that says nothing else. Written by the room that keeps definitions of agents, with each change of one.
create table roost.run_default (
  agent   text primary key,
  version integer not null check (version >= 1),
  budget  jsonb,
  -- What every run of it needs of a worker, beside its own needs. Null: nothing.
  needs   text[]
);

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

-- Where processes tell each other what models are saying. Invariant: its name is known to those alone that may read this table: PostgreSQL lets every role
-- listen to a channel, and notify it, that it can name.
create table roost.stream_channel (
  is_only boolean primary key default true check (is_only),
  name    text not null default 'roost_stream_' || replace(gen_random_uuid()::text, '-', '')
);
insert into roost.stream_channel default values;

-- Invariant: a database belongs to one home. Its first home writes the row; every other one is refused.
create table roost.home (
  is_only    boolean primary key default true check (is_only),
  id         uuid not null,
  -- Which directory it was last: a copy of a home has the same id and another place.
  place      text not null,
  host       text not null,
  path       text not null,
  created_at timestamptz not null default roost.now()
);
