-- Conversations and what each was told of the rest of the world.

create table memory.session (
  key             text collate "C" primary key,
  kind            text not null check (kind in ('main', 'cron', 'heartbeat', 'subagent', 'channel')),
  agent           text not null,
  title           text,
  next_seq        bigint not null default 1,
  created_at      timestamptz not null default roost.now(),
  last_message_at timestamptz,
  -- Where in the log the session's next digest begins; null: none was shown yet. Moved in the transaction that records what was shown.
  digest_offsets  text,
  -- When what lies before digest_offsets was shown.
  digest_at       timestamptz,
  -- Transcripts longer than a context go on from here: the messages as a model last saw them, and the turn they reach to.
  compacted       jsonb,
  compacted_turn  bigint
) with (fillfactor = 50);
create index session_by_use on memory.session (last_message_at desc nulls last, key);

-- A turn is a message to the session and all that answers it. A model reads them by (turn_seq, place, seq): what was told with the
-- message (place 0), the message (1), its answers (2), also when further messages came meanwhile.
create table memory.message (
  session_key text collate "C" not null references memory.session (key),
  seq         bigint not null,
  id          uuid not null unique,
  turn_seq    bigint not null,
  place       smallint not null check (place between 0 and 2),
  role        text not null check (role in ('user', 'assistant', 'tool', 'system')),
  text        text not null,
  -- As the agent's loop takes it.
  content     jsonb not null,
  run_id      uuid,
  source      text,
  is_rehearsed   boolean not null default false,
  created_at  timestamptz not null default roost.now(),
  primary key (session_key, seq)
);
create index message_by_turn on memory.message (session_key, turn_seq, place, seq);
create index message_by_run on memory.message (run_id) where run_id is not null;

-- What a heartbeat last thought about. `pending` is what a beat that is still going was shown: it counts when the beat has ended well,
-- so that what a failed one saw is seen again.
create table memory.heartbeat (
  session_key     text collate "C" primary key,
  inputs          jsonb,
  offsets         text,
  called_at       timestamptz,
  pending_run_id  uuid,
  pending_inputs  jsonb,
  pending_offsets text,
  last_text       text,
  last_sent_at    timestamptz
) with (fillfactor = 50);
