-- Access tokens. Invariants: the text of a token is stored nowhere, only its SHA-256; a revoked token stays, so that records name it.
create table access.token (
  id           uuid primary key,
  name         text collate "C" not null,
  -- What holds it: a program, a phone or browser, a script.
  kind         text not null check (kind in ('client', 'device', 'script')),
  sha256       text collate "C" not null unique,
  -- Its last characters, by which a person recognises it.
  ending       text not null,
  scopes       text[] not null,
  -- Patterns of models that it may call; null: all.
  models       text[],
  -- Who made it.
  created_by   text not null,
  created_at   timestamptz not null default roost.now(),
  last_seen_at timestamptz,
  revoked_by   text,
  revoked_at   timestamptz
);
create unique index token_name on access.token (name) where revoked_at is null;
