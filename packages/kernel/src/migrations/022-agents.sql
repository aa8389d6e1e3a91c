-- Agents as versioned definitions. A run keeps the version that its agent had when it was created: what it is told, which tools it has and
-- what it uses follow from that version, also when it goes on after a change.

create table roost.agent (
  id         text primary key,
  -- Counts up with each change of the definition, and with its return after a removal.
  version    integer not null check (version >= 1),
  state      text not null check (state in ('active', 'removed')),
  definition jsonb not null,
  defined_by text not null,
  -- The file that defines it.
  source     text,
  -- The last agent.* event.
  cause_id   text not null,
  created_at timestamptz not null default roost.now(),
  updated_at timestamptz not null default roost.now()
);

-- Invariant: a version of an agent is written once, with the change that makes it, and never changes.
create table roost.agent_version (
  agent_id   text not null references roost.agent,
  version    integer not null,
  definition jsonb not null,
  defined_by text not null,
  defined_at timestamptz not null default roost.now(),
  event_id   text not null,
  primary key (agent_id, version)
);

-- Null: nobody had defined its agent.
alter table roost.run add column agent_version integer;
alter table roost.run_history add column agent_version integer;
create or replace view roost.run_all as select * from roost.run union all select * from roost.run_history;
