-- An agent has the tools that its definition names, and no others. Before, one that named none had all of its session's where it ran by itself, and none where it
-- ran for another agent.

-- Agents whose files name no tools yet, and what they had. Invariant: while an agent stands here, it keeps these tools as long as its file names none; it leaves
-- when its file names some.
create table roost.unlisted_agent (
  agent_id text primary key,
  tools    jsonb not null
);

-- What each agent had wherever it named none. None: one that only ever ran for others, or that only others name. Nightly passes, which have tools of their own,
-- tell nothing of their agent.
create temporary table had on commit drop as
with used as (
  select coalesce(agent, 'main') as id, bool_and(coalesce(session_kind, '') = 'subagent') as only_for_others
  from roost.run_all where not (coalesce(session_kind, '') = 'subagent' and parent_run_id is null) group by 1
)
select a.id,
  case when a.id <> 'main'
    and not exists (
      select from roost.job j where j.state <> 'removed' and coalesce(j.definition ->> 'agent', 'main') = a.id
    )
    and coalesce(u.only_for_others, exists (
      select from roost.agent o where o.state = 'active' and o.id <> a.id and o.definition -> 'agents' ?| array[a.id, '*']
    ))
  then '[]'::jsonb else
    '["read_file", "write_file", "list_files", "search_files", "view_part", "use_skill", "recall", "remember", "get_state", "set_state",
      "read_log", "list_runs", "read_run", "list_jobs", "define_job", "pause_job", "run_job", "reserve_subject", "once", "lock", "unlock",
      "http_fetch", "http_send", "http_send_keyed", "read_outside", "ask_person", "notify"]'::jsonb end as tools
from roost.agent a left join used u on u.id = a.id;

-- Those that name none yet: what they had is to be written into their files.
insert into roost.unlisted_agent (agent_id, tools)
select h.id, h.tools from had h join roost.agent a on a.id = h.id where not a.definition ? 'tools';

-- Its definition is what it has.
update roost.agent a set definition = a.definition || jsonb_build_object('tools', l.tools)
from roost.unlisted_agent l where l.agent_id = a.id;

-- Runs that are under way, retried or forked go on with what they had, also by a version from before the agent named its tools. A version is said in other
-- words here, not changed.
update roost.agent_version v set definition = v.definition || jsonb_build_object('tools', h.tools)
from had h
where h.id = v.agent_id and not v.definition ? 'tools' and not exists (
  select from roost.run r
  where r.agent = v.agent_id and r.agent_version = v.version and r.session_kind = 'subagent' and r.ended_at is null
);

-- A version that a delegated run goes on with, which has none, is followed by one for all that begins from now on.
with next as (
  insert into roost.agent_version (agent_id, version, definition, defined_by, event_id)
  select a.id, a.version + 1, a.definition, a.defined_by, a.cause_id
  from roost.agent a join roost.agent_version v on v.agent_id = a.id and v.version = a.version
  where a.definition ? 'tools' and not v.definition ? 'tools'
  returning agent_id, version
), begun as (
  update roost.run_default r set version = n.version from next n where r.agent = n.agent_id
)
update roost.agent a set version = n.version from next n where a.id = n.agent_id;

-- What is not there any more has no file.
delete from roost.unlisted_agent l using roost.agent a where a.id = l.agent_id and a.state = 'removed';
