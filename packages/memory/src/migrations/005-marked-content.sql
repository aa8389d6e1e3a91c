-- Marks of contents that rest on what nobody vouches for: a file that is moved, renamed or copied keeps them.
-- Invariant: a content that a person has vouched for is not in it.
create table memory.marked_content (
  sha256   text primary key,
  -- As memory.file has them.
  labels   integer not null,
  sections jsonb
);
