-- The tables of packages/memory. Long because a room has one schema file, and its tables refer to each other. Columns `labels` name a set of
-- roost.label_set by its number (packages/contract/src/labels.ts). The
-- place of a file decides who may read it; trust and sources follow from its author.

-- What is known of the home's files. The files themselves are the truth of their content; these rows say which content has been
-- recorded in the log, so that an edit from outside is noticed, and is recorded once.
-- Every process that writes or records a file takes this advisory lock first, held to the end of the transaction:
--   hashtextextended('memory.file:' || lower(path), 0)

create table memory.file (
  -- Relative to the home, where the file really is.
  path        text collate "C" primary key,
  -- Null: too large to keep; only its size and times are watched.
  sha256      text check (sha256 ~ '^[0-9a-f]{64}$'),
  bytes       bigint not null,
  -- Inode, size and time of change when the content was last looked at; null: look again.
  stamp       text,
  modified_at timestamptz not null,
  -- Labels of what is recorded. `sections`: which lines have which, [[first line, count, number], …]; null: all have `labels`.
  labels      integer not null default 1,
  sections    jsonb,
  event_id    text not null,
  -- The run that wrote what is there; null: a person, or a program outside.
  run_id      uuid,
  recorded_at timestamptz not null default roost.now(),
  -- Of MEMORY.md: the content whose facts were taken over.
  settled_sha256 text,
  -- Written by a worker whose machine does not have the home's disk: what the disk holds until it is brought there, a hash or 'absent'.
  behind      text
);
create index file_behind on memory.file (path) where behind is not null;

-- Committed before a file is replaced and deleted with the record of it: a row that outlives its writer tells what to look for.
create table memory.file_intent (
  id              uuid primary key,
  path            text collate "C" not null,
  previous_sha256 text,
  sha256          text not null,
  bytes           bigint not null,
  author          jsonb not null,
  created_at      timestamptz not null default roost.now()
);

-- State files: a projection of state.changed. `text` is what the file is to hold, `disk_text` what it held when it was last
-- written or read by Roost; where they differ a write is still to come, and `disk_text` is the base of a merge.
create table memory.state (
  name         text collate "C" primary key,
  version      bigint not null check (version > 0),
  value        jsonb not null,
  labels       integer not null default 1,
  -- Null: there is to be no file.
  text         text,
  sha256       text,
  updated_at   timestamptz not null,
  updated_by   text not null,
  event_id     text not null,
  run_id       uuid,
  -- When it was last written, also when that changed nothing.
  confirmed_at timestamptz not null,
  disk_text    text,
  disk_sha256  text,
  constraint state_text_with_hash check ((text is null) = (sha256 is null) and (disk_text is null) = (disk_sha256 is null))
);
-- Two names that differ in case only would be one file on many disks.
create unique index state_folded_name on memory.state (lower(name));

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
  -- The turn from which on agents read the conversation: a reset moves it, and the transcript stays.
  begins_at       bigint not null default 1
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
  labels      integer not null default 1,
  is_rehearsed boolean not null default false,
  -- A summary: it stands for all turns of the conversation up to this one.
  through_turn bigint,
  -- A summary that rests on what was corrected since: the next context begins with its turns.
  is_stale     boolean not null default false,
  -- Taken back by a person: people read it, agents do not.
  is_taken_back boolean not null default false,
  created_at  timestamptz not null default roost.now(),
  primary key (session_key, seq)
);
create index message_by_turn on memory.message (session_key, turn_seq, place, seq);
create index message_summary on memory.message (session_key, through_turn) where through_turn is not null;
create index message_with_parts on memory.message (session_key, seq) where content ? 'parts';
create index message_by_run on memory.message (run_id) where run_id is not null;
-- What was said since a fact was recorded, when it is corrected.
create index message_by_age on memory.message (created_at) where run_id is not null;

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

-- Mailboxes and calendars that heartbeats look at: how far each was looked at, by a hash of which server and login it is. Numbers of items go on where
-- a name comes to mean another server, so that no name of an item ever means two.
create table memory.source (
  name          text collate "C" primary key,
  identity      text not null,
  place         jsonb not null default '{}',
  next_number   bigint not null default 1,
  looked_at     timestamptz,
  -- Of the last look that succeeded: how many later looks will bring, and what none will.
  later_count   integer not null default 0,
  left_out      jsonb not null default '[]',
  -- Since the last look that succeeded; the error may hold words of the server.
  failure_count integer not null default 0,
  error_code    text,
  error_text    text,
  is_told       boolean not null default false
) with (fillfactor = 50);

-- What they had: mails that came, and events that begin soon. `number` names it to agents, who are told no word of what it says; its labels follow
-- from its source. `key` makes the same one of two looks: where the server has it. Of a mail, its mailbox, the numbering there, and a likeness by
-- which it is found again in a mailbox that was numbered anew.
create table memory.source_item (
  source    text collate "C" not null references memory.source (name) on delete cascade,
  number    bigint not null,
  key       text not null,
  at        timestamptz not null,
  text      text not null,
  taken_at  timestamptz not null default roost.now(),
  mailbox   text,
  numbering text,
  likeness  text,
  primary key (source, number),
  constraint source_item_once unique (source, key)
);
create index source_item_alike on memory.source_item (source, likeness) where likeness is not null;

-- Files of the home that cannot be read or written, as the last look found them: each is set aside alone, told once, and forgotten
-- when a look finds it well. The rows follow the disk and can be dropped at any time.
create table memory.file_problem (
  path   text collate "C" primary key,
  reason text not null,
  since  timestamptz not null default roost.now()
);

-- Marks of contents that rest on untrusted content: a file that is moved, renamed or copied keeps them, also when it is edited meanwhile.
-- Invariant: a line that a person has vouched for is not marked by it.
create table memory.marked_content (
  sha256   text primary key,
  -- As memory.file has them.
  labels   integer not null,
  sections jsonb,
  -- Hashes of its lines, the lowest of them: contents that have lines in common are found by these.
  lines    bigint[] not null
);
create index marked_content_lines on memory.marked_content using gin (lines);

-- Marked lines that are long enough not to be alike by chance: one keeps its labels also where it stands alone among others.
-- Invariant: none that a person has vouched for since it was kept.
create table memory.marked_line (
  -- Its hash.
  line   bigint not null,
  labels integer not null,
  primary key (line, labels)
);

-- Parts of messages and results. Their bytes are objects of the home (.roost/parts), named by their hash; these rows say what they are, and
-- who still names them. Invariants: a row is committed after its object is durable; an object is removed with its row, in the transaction
-- that has the row locked, so that a transaction that locks a row to name it has the bytes.

create table memory.part (
  sha256     text collate "C" primary key check (sha256 ~ '^[0-9a-f]{64}$'),
  bytes      bigint not null,
  -- Of its bytes, looked at when it was kept.
  type       text not null check (type in ('text', 'json', 'image', 'audio', 'file')),
  media_type text not null,
  name       text,
  -- Of who kept it first.
  labels     integer not null,
  -- When it was last kept: what is not named a day later is removed.
  kept_at    timestamptz not null default roost.now(),
  -- Whether a message names it, and with it its event: transcripts are kept for ever.
  is_told    boolean not null default false
);
create index part_untold on memory.part (kept_at) where not is_told;

-- The runs whose steps may name a part.
create table memory.part_of_run (
  sha256 text collate "C" not null references memory.part on delete cascade,
  run_id uuid not null,
  primary key (sha256, run_id)
);

-- What recall searches: lines of files, conversations and events. Derived: dropped, they are made again from what they were made of (of events,
-- from what the log still has). One writer at a time, under the advisory lock hashtextextended('memory.recall', 0).

-- Of a given server, its owner may create these: they are trusted extensions.
create extension if not exists pg_trgm with schema public;

-- Its words are stemmed; `alter text search configuration` changes the language, and `truncate memory.recall_document cascade` has all read anew.
create text search configuration memory.recall (copy = pg_catalog.english);

-- What was read for recall, and how far. Invariant: `version` and the lines of what it names commit together.
create table memory.recall_document (
  id         integer generated always as identity primary key,
  kind       text not null check (kind in ('file', 'conversation', 'events', 'fact')),
  -- The path, the session's key, or what events these are.
  ref        text collate "C" not null,
  -- What of it was read: the event of a file's version, the next message, the next offsets of the log.
  version    text not null,
  next_place integer not null default 0,
  unique (kind, ref)
);

-- Its lines. Invariant: places of a document are given once, so that a neighbour stays one.
create table memory.recall_line (
  document integer not null references memory.recall_document on delete cascade,
  -- Neighbours have neighbouring places; lines that have none are ten apart.
  place    integer not null,
  -- Where in the document: a line's number, a message's id, an event's id.
  ref      text collate "C" not null,
  said_by  text,
  at       timestamptz not null,
  text     text not null,
  words    tsvector not null,
  labels   integer not null,
  -- When it was first read, a microsecond after the line before it. Invariant: a line that stood in its document before keeps it, wherever it
  -- stands now.
  first_at timestamptz not null default roost.now(),
  primary key (document, place)
);
create index recall_line_words on memory.recall_line using gin (words) with (fastupdate = off);

-- How many lines have a word: rare words tell more. The word '' counts all lines.
create table memory.recall_term (
  term       text collate "C" primary key,
  line_count bigint not null
) with (fillfactor = 70);
create index recall_term_trigrams on memory.recall_term using gin (term gin_trgm_ops);

-- Vectors of texts that recall knows, under one model. Derived: dropped, they are asked for again.
create table memory.embedding_state (
  is_single  boolean primary key default true check (is_single),
  model      text not null,
  -- When the process began that names it: of two with different settings the later one decides.
  named_at   timestamptz not null,
  -- Of its vectors; null: none is known yet.
  dimensions integer,
  -- The mean of their directions, as 32-bit numbers, from which all are seen; null: they are too few, or lie in all directions.
  centre     bytea,
  -- How many texts there were when it was last looked for.
  centre_of  integer not null default 0,
  -- Lines before it have their vectors, but for those that came later.
  document   integer not null default 0,
  place      integer not null default 0,
  -- What was spent on this day.
  day        text not null,
  tokens     bigint not null default 0,
  -- The process that has lines embedded, and until when others leave that to it.
  turn       uuid,
  turn_until timestamptz
);

-- Invariant: of the model that embedding_state names.
create table memory.embedding (
  -- md5 of the text, who said it in front.
  key    uuid primary key,
  -- The signs of its numbers, seen from the centre, by which near ones are found, and the numbers themselves in a byte each, by which these are
  -- ranked. Invariant: all codes are seen from the centre that embedding_state has.
  code   bit varying not null,
  vector bytea not null
);

-- Of each line, small enough to be read as a whole. Invariant: codes of one length, of the model that embedding_state names.
create table memory.recall_vector (
  document integer not null,
  place    integer not null,
  labels   integer not null,
  at       timestamptz not null,
  key      uuid not null,
  code     bit varying not null,
  primary key (document, place),
  foreign key (document, place) references memory.recall_line on delete cascade
);
create index recall_vector_key on memory.recall_vector (key);

-- Turns that programs asked for without naming a conversation, found again by what the program knows of it. Invariant: a request that is
-- repeated finds the turn that it asked for. `place`: how often the same was asked anew, after its answer had arrived.
create table memory.client_turn (
  client      text collate "C" not null,
  -- SHA-256 of the agent, the history and the message.
  asked       text collate "C" not null,
  place       integer not null,
  run_id      uuid not null unique,
  session_key text collate "C" not null,
  -- Of what the program told the agent beside the message, null: nothing.
  told        text collate "C",
  -- Its answer reached the program whole.
  is_answered boolean not null default false,
  created_at  timestamptz not null default roost.now(),
  primary key (client, asked, place)
);
create index client_turn_of_session on memory.client_turn (session_key, created_at);
create index client_turn_by_age on memory.client_turn (created_at);

-- Where a history that a program got ends: the turn behind which its next message goes on. Invariant: found only by the program that got it.
create table memory.client_answer (
  client      text collate "C" not null,
  -- SHA-256 of the agent, the history, the message and the answer.
  answered    text collate "C" not null,
  session_key text collate "C" not null,
  turn_seq    bigint not null,
  created_at  timestamptz not null default roost.now(),
  primary key (client, answered)
);
create index client_answer_by_age on memory.client_answer (created_at);
-- Of a given server, its owner may create this: it is a trusted extension.
create extension if not exists btree_gist with schema public;

-- What the home holds for true, and what it held. Invariant: of a single-valued attribute, the values that a person or an agent vouches for do not
-- overlap in time (fact_single); a value that was wrong is retracted, one that ended has an end, and neither is deleted.
create table memory.fact (
  id            uuid primary key,
  -- In words, for people and models.
  statement     text not null,
  -- What it says of what: `Anna`, `lives in`, `Munich`. Null: only the sentence is known.
  subject       text,
  attribute     text,
  value         text,
  -- As they are compared.
  subject_key   text collate "C",
  attribute_key text collate "C",
  -- It has one value at a time.
  is_single     boolean not null,
  valid         tstzrange not null,
  recorded_at   timestamptz not null default roost.now(),
  retracted_at  timestamptz,
  -- Why it was retracted or ended, and what holds in its place.
  reason        text,
  replaced_by   uuid references memory.fact deferrable initially deferred,
  -- Its source is not one of the person's own sessions, or it rests on content from outside: it has no effect until a person accepts it.
  is_claim      boolean not null,
  confidence    real not null check (confidence > 0 and confidence <= 1),
  extractor     text not null check (extractor in ('person', 'agent', 'nightly')),
  by            text not null,
  source_event  text not null,
  run_id        uuid,
  labels        integer not null,
  -- Once closed: whether files were searched for lines that say it in other words.
  is_searched   boolean not null default false,
  constraint fact_whole check ((subject is null) = (attribute is null) and (subject is null) = (value is null)
    and (subject is null) = (subject_key is null) and (subject is null) = (attribute_key is null) and (subject is not null or not is_single)),
  constraint fact_single exclude using gist (subject_key with =, attribute_key with =, valid with &&)
    where (is_single and retracted_at is null and not is_claim)
);
create index fact_in_force on memory.fact (recorded_at desc, id) where retracted_at is null;
create index fact_closed on memory.fact (greatest(retracted_at, upper(valid)) desc) where retracted_at is not null or not upper_inf(valid);
create index fact_to_search on memory.fact (id) where not is_searched and not is_claim and (retracted_at is not null or not upper_inf(valid));
create index fact_by_run on memory.fact (run_id) where run_id is not null;

-- What a run was given by its tools: a fact, or what another run said. Invariant: committed before the run has it. Gone when neither the run nor a
-- message of it is left.
create table memory.run_source (
  run_id uuid not null,
  kind   text not null check (kind in ('fact', 'run')),
  ref    uuid not null,
  primary key (run_id, kind, ref)
);
create index run_source_of on memory.run_source (kind, ref);

-- What was made with a fact: a summary (a message's id), a fact that the nightly pass found, what a run said and noted; and a line of a file that says it
-- in other words (the MD5 of the line). Invariant: a summary and a fact are recorded in the transaction that made them; a run, from its sources, in the
-- transaction that closes the fact; lines in the one that marks it as searched for.
create table memory.fact_dependent (
  fact_id uuid not null references memory.fact,
  kind    text not null check (kind in ('summary', 'fact', 'run', 'line')),
  ref     uuid not null,
  primary key (fact_id, kind, ref)
);
create index fact_dependent_run on memory.fact_dependent (ref) where kind = 'run';

-- The lines of facts as MEMORY.md last had them, [[id, line], …]: what a person changed since is found by comparing. Invariant: changed in the
-- transaction that takes an edit over, or that writes the file.
create table memory.fact_view (
  path  text collate "C" primary key,
  lines jsonb not null
);

-- The nightly passes over what is new. Invariant: at most one run of a pass at a time, and its answer is taken over in the transaction that ends it.
create table memory.nightly (
  name       text primary key check (name in ('facts', 'consolidation')),
  read_until timestamptz not null,
  started_at timestamptz,
  run_id     uuid
);

-- Where versions of files and parts are kept, as told to a person; no row: in the home. Invariant: changed when all of them have been carried there.
create table memory.objects_place (
  is_single boolean primary key default true check (is_single),
  place     text not null
);

-- When everything was exported last; no row: never. Invariant: changed in the transaction of its event.
create table memory.last_export (
  is_single      boolean primary key default true check (is_single),
  at             timestamptz not null default roost.now(),
  by             text not null,
  file_count     integer not null,
  left_out_count integer not null
);

-- What imports brought: the base of the next one, which compares three versions. Invariant: a row is committed with what it tells of.
create table memory.imported (
  -- Where it is from, and what it is called there.
  source      text collate "C" not null,
  ref         text collate "C" not null,
  kind        text not null,
  -- Of it there, and of what was made of it here (null: as there).
  sha256      text not null,
  here_sha256 text,
  -- Where it is here: a path, a message's id; null: it has no place.
  place       text,
  -- Fields that have no place here, as they were.
  kept        jsonb,
  imported_at timestamptz not null default roost.now(),
  primary key (source, ref)
);

-- The history of homes that were moved into this one: events, spending, versions. Nothing follows from it; it is exported again.
create table memory.history (
  home   text collate "C" not null,
  topic  text collate "C" not null,
  ref    text collate "C" not null,
  at     timestamptz,
  record jsonb not null,
  primary key (home, topic, ref)
);
