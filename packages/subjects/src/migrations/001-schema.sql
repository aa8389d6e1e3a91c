-- The tables of subjects, written in the kernel's transaction. Locks are taken in the order that the kernel's schema names.

-- Reserved subjects; decisions within a scope are made one after the other.
create table roost.subject (
  id            uuid primary key,
  scope         text not null,
  text          text not null,
  reserved_by   text not null,
  run_id        uuid,
  reserved_at   timestamptz not null,
  expires_at    timestamptz not null,
  released_at   timestamptz,
  -- Of its holder: the text is shown as what its author may be trusted with.
  labels        integer not null default 1,
  event_id      text not null
);
create index subject_live on roost.subject (scope, reserved_at desc) where released_at is null;
create index subject_expiry on roost.subject (expires_at);
