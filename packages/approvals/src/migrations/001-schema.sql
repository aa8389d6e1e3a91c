-- The tables of approvals, written in the kernel's transaction. Locks are taken in the order that the kernel's schema names.

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
  state       text not null check (state in ('asked', 'granted', 'refused', 'used', 'expired')),
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
  constraint approval_decided check ((state in ('asked', 'expired')) = (question_id is null) and (question_id is null) = (decided_by is null)),
  constraint approval_used check ((state = 'used') = (used_by is not null))
);
create index approval_of_run on roost.approval (run_id, seq);
create index approval_asked on roost.approval (expires_at) where state = 'asked';

-- What a person allowed beyond one call: an agent's tool for one target, in a session, in runs of a job, or always.
create table roost.tool_grant (
  id          uuid primary key,
  agent       text not null,
  tool        text not null,
  target      text not null,
  scope       text not null check (scope in ('session', 'job', 'always')),
  -- The key of the session, the id of the job; '' for always.
  scope_of    text not null,
  granted_by  text not null,
  granted_at  timestamptz not null default roost.now(),
  expires_at  timestamptz not null,
  revoked_at  timestamptz,
  revoked_by  text,
  used_count  bigint not null default 0,
  last_used_at timestamptz,
  -- The idempotency key of the call that used it last: the same call again is not another use.
  last_used_by text,

  constraint tool_grant_revoked check ((revoked_at is null) = (revoked_by is null)),
  constraint tool_grant_always check ((scope = 'always') = (scope_of = ''))
);
-- Invariant: one grant for the same thing; granted again, it lasts longer.
create unique index tool_grant_live on roost.tool_grant (agent, tool, target, scope, scope_of) where revoked_at is null;
