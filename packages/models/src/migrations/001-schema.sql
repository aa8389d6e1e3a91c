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

-- Providers that are skipped for a while after a failure. Of two processes that fail at once the last one counts.
create table models.cool_down (
  -- The provider's id with a fingerprint of its address, key and model.
  key   text collate "C" primary key,
  state jsonb not null,
  until timestamptz not null
);
