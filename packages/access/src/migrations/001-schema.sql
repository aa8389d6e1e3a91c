-- Access tokens. Invariants: the text of a token is stored nowhere, only its SHA-256; a revoked token stays, so that records name it.
create table access.token (
  id           uuid primary key,
  name         text collate "C" not null,
  -- What holds it: a program, a phone or browser, a script, another host.
  kind         text not null check (kind in ('client', 'device', 'script', 'host')),
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

-- Codes that bind a device, or a chat of a channel, to the person. Invariants: a code is stored only as its SHA-256, is used once, and is void after
-- its time or after too many wrong ones while it is open. A used code stays, so that records name who paired what.
create table access.pairing (
  id           uuid primary key,
  -- 'device', 'host', or 'channel:<name>'.
  purpose      text collate "C" not null,
  -- Of the device.
  name         text collate "C",
  scopes       text[] not null,
  code_sha256  text collate "C" not null unique,
  created_by   text not null,
  created_at   timestamptz not null default roost.now(),
  expires_at   timestamptz not null,
  -- Wrong codes that were tried for its purpose while it was open.
  wrong_count  integer not null default 0,
  used_at      timestamptz,
  -- Of what used it: the answer may be lost on its way, and whoever knows this may ask for it again.
  attempt_sha256 text collate "C",
  void_at      timestamptz
);
create index pairing_open on access.pairing (purpose) where used_at is null and void_at is null;
-- What a host says of itself. Invariant: a host is in force for as long as its token is.
create table access.host (
  token     uuid primary key references access.token (id),
  version   text not null,
  -- How far its clock was ahead when it said so.
  skew_ms   bigint not null,
  doing     text[] not null default '{}',
  joined_at timestamptz not null default roost.now(),
  seen_at   timestamptz not null default roost.now(),
  -- The code that it brought.
  pairing   uuid not null references access.pairing (id),
  -- What its processes log in as. Invariant: none of them can log in once its token is revoked.
  role_names text[] not null default '{}'
);
create index host_pairing on access.host (pairing);

-- Webhooks that come in. Invariants: the key of a hook is in no table, only where it is kept; a delivery becomes one event, whatever is sent again.
create table access.hook (
  id             uuid primary key,
  name           text collate "C" not null unique,
  -- How a delivery is signed: by the rules of Standard Webhooks, or as GitHub does.
  form           text not null check (form in ('standard', 'github')),
  -- Where its key is kept; null: in a file of the home.
  key_ref        text,
  created_by     text not null,
  created_at     timestamptz not null default roost.now(),
  received_count bigint not null default 0,
  received_at    timestamptz
);

-- Browsers that the person wants woken: an address at a push service each. Invariants: what is sent there has no content; an address that its
-- service says is gone is removed.
create table access.push_subscription (
  id         uuid primary key,
  endpoint   text collate "C" not null unique,
  -- Of the browser, for the person.
  name       text not null,
  created_by text not null,
  created_at timestamptz not null default roost.now(),
  sent_at    timestamptz
);
