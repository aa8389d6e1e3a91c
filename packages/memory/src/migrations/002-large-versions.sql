-- Files that are too large to be held in memory have versions too. `sha256` of such a file stays null: it is watched by its size and times, and all that
-- reads a version by it reads the whole.
alter table memory.file
  -- Of one that is too large: the content that `stamp` tells of, when that is a version; null: not yet.
  add column kept_sha256 text check (kept_sha256 ~ '^[0-9a-f]{64}$'),
  -- What stood in the way of that when it was last tried.
  add column unkept_reason text,
  -- When it was last tried in vain.
  add column tried_at timestamptz;
create index file_unkept on memory.file (path) where sha256 is null and kept_sha256 is null;

-- Their versions. The bytes are objects beside those of other versions, named by their hash.
-- Invariants: a row is committed as 'storing' before its object is put, and is 'kept' only after that is durable. A row is committed as 'deleting' before its
-- object is deleted. Both under the lock of the hash, hashtextextended('memory.large_version:' || sha256, 0): 'deleting' only where no row of that hash is
-- 'storing' or 'kept', and 'storing' only where none is 'deleting'.
create table memory.large_version (
  path       text collate "C" not null,
  sha256     text collate "C" not null check (sha256 ~ '^[0-9a-f]{64}$'),
  bytes      bigint not null,
  state      text not null check (state in ('storing', 'kept', 'dropping', 'deleting', 'dropped')),
  -- Of who puts the object, or deletes it. One that has not renewed it for long has died.
  attempt    uuid,
  renewed_at timestamptz,
  -- When the file was last found with it. Null: it never was a version.
  kept_at    timestamptz,
  -- When it was last made a version, by which a file that keeps changing is paced.
  settled_at timestamptz,
  dropped_at timestamptz,
  -- 'count', 'bytes'
  dropped_for text,
  primary key (path, sha256)
);
create index large_version_object on memory.large_version (sha256);
create index large_version_open on memory.large_version (state) where state in ('storing', 'dropping', 'deleting');
