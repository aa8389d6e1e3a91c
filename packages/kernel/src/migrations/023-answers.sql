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
  -- As it went over the wire; null beside ended_at: it was longer than is kept.
  output      text,
  output_bytes integer,
  expires_at  timestamptz not null,
  primary key (scope, key),
  constraint answer_ended check ((ended_at is null) = (output_bytes is null))
);
create index answer_expiry on roost.answer (expires_at);
