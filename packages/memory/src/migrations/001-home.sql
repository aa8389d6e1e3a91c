-- What is known of the home's files. The files themselves are the truth of their content; these rows say which content has been
-- recorded in the log, so that an edit from outside is noticed, and is recorded once.
-- Everybody who writes or records a file takes this advisory lock first, held to the end of the transaction:
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
  event_id    text not null,
  -- The run that wrote what is there; null: somebody else, or somebody outside.
  run_id      uuid,
  recorded_at timestamptz not null default roost.now()
);

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
  -- Null: there is to be no file.
  text         text,
  sha256       text,
  updated_at   timestamptz not null,
  updated_by   text not null,
  event_id     text not null,
  run_id       uuid,
  -- When somebody last said what it is, also when that changed nothing.
  confirmed_at timestamptz not null,
  disk_text    text,
  disk_sha256  text,
  constraint state_text_with_hash check ((text is null) = (sha256 is null) and (disk_text is null) = (disk_sha256 is null))
);
-- Two names that differ in case only would be one file on many disks.
create unique index state_folded_name on memory.state (lower(name));
