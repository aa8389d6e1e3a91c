-- Approvals of tool calls. What is approved is one call with exactly these arguments: their hash stands here, and the call is made once.
create table roost.approval (
  id          uuid primary key,
  -- The idempotency key of the approval's step: a run that repeats the step repeats no approval.
  step_key    text not null unique,
  run_id      uuid not null,
  seq         integer not null,
  tool        text not null,
  -- As canonical JSON, and its SHA-256.
  input       jsonb not null,
  input_hash  text not null,
  -- The rule that asked, with its version.
  policy      text not null,
  reason      text not null,
  state       text not null check (state in ('asked', 'granted', 'refused', 'used')),
  asked_at    timestamptz not null default roost.now(),
  expires_at  timestamptz not null,
  -- The question that it was answered by.
  question_id uuid unique,
  decided_at  timestamptz,
  decided_by  text,
  -- The idempotency key of the one call that used it.
  used_by     text,
  used_at     timestamptz,

  -- Invariants: what is decided says by whom, what is used says for which call, and nothing else does.
  constraint approval_decided check ((state = 'asked') = (question_id is null) and (question_id is null) = (decided_by is null)),
  constraint approval_used check ((state = 'used') = (used_by is not null))
);
create index approval_of_run on roost.approval (run_id, seq);
