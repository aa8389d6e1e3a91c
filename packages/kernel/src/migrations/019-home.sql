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
