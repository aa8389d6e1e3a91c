-- An agent has the tools that its definition names, and no others. Before, one that named none had all of its session's where it ran by itself, and none where it
-- ran for another agent.

-- Agents whose files name no tools yet, and what they had. Invariant: while an agent stands here, it keeps these tools as long as its file names none; it leaves
-- when its file names some.
create table roost.unlisted_agent (
  agent_id text primary key,
  tools    jsonb not null
);

-- One that only ever ran for others had none.
with used as (
  select coalesce(agent, 'main') as id, bool_and(coalesce(session_kind, '') = 'subagent') as only_for_others from roost.run_all group by 1
)
insert into roost.unlisted_agent (agent_id, tools)
select a.id,
  case when coalesce(u.only_for_others, false) and not exists (
    select from roost.job j where j.state <> 'removed' and coalesce(j.definition ->> 'agent', 'main') = a.id
  ) then '[]'::jsonb else
    '["read_file", "write_file", "list_files", "search_files", "view_part", "use_skill", "recall", "remember", "get_state", "set_state",
      "read_log", "list_runs", "read_run", "list_jobs", "define_job", "pause_job", "run_job", "reserve_subject", "once", "lock", "unlock",
      "http_fetch", "http_send", "http_send_keyed", "read_outside", "ask_person", "notify"]'::jsonb end
from roost.agent a left join used u on u.id = a.id
where not a.definition ? 'tools';

-- Its definition is what it has.
update roost.agent a set definition = a.definition || jsonb_build_object('tools', l.tools)
from roost.unlisted_agent l where l.agent_id = a.id;

-- Runs that are under way, retried or forked go on with what they had. A version is said in other words here, not changed.
update roost.agent_version v set definition = v.definition || jsonb_build_object('tools', l.tools)
from roost.unlisted_agent l
where l.agent_id = v.agent_id and not v.definition ? 'tools' and not exists (
  select from roost.run r
  where r.agent = v.agent_id and r.agent_version = v.version and r.session_kind = 'subagent' and r.ended_at is null
);

-- What is not there any more has no file.
delete from roost.unlisted_agent l using roost.agent a where a.id = l.agent_id and a.state = 'removed';
