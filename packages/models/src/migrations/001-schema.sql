-- Which model a start of the home uses. Invariant: one decision for each start, whichever process asks first.
create table models.decision (
  start_id   text collate "C" primary key,
  -- live, or rehearsal: replies are marked and nothing has an effect.
  mode       text not null check (mode in ('live', 'rehearsal')),
  source     text not null,
  -- Without keys and without addresses that may hold one.
  provider   jsonb,
  notes      jsonb not null,
  -- What a person should mend; null when nothing is known to be wrong.
  problem    text,
  decided_at timestamptz not null default roost.now()
);
