-- main and clerk name no tools, writer does since its second version, thinker only thought for others, as spare will; helper has a delegated run under way. Main
-- only ever ran a nightly pass.
insert into roost.agent (id, version, state, definition, defined_by, source, cause_id) values
  ('main', 1, 'active', '{"agents": ["spare"]}', 'home', 'roost.yaml', 'event-0'),
  ('clerk', 2, 'active', '{"prompt": "Count."}', 'home', 'agents/clerk.md', 'event-0'),
  ('writer', 2, 'active', '{"tools": ["write_file"]}', 'home', 'agents/writer.md', 'event-0'),
  ('thinker', 1, 'active', '{"prompt": "Think."}', 'home', 'agents/thinker.md', 'event-0'),
  ('spare', 1, 'active', '{"prompt": "Wait."}', 'home', 'agents/spare.md', 'event-0'),
  ('helper', 1, 'active', '{"prompt": "Help."}', 'home', 'agents/helper.md', 'event-0'),
  ('gone', 1, 'removed', '{"prompt": "Was."}', 'home', 'agents/gone.md', 'event-0');
insert into roost.agent_version (agent_id, version, definition, defined_by, event_id) values
  ('main', 1, '{"agents": ["spare"]}', 'home', 'event-1'),
  ('clerk', 1, '{"prompt": "Count all."}', 'home', 'event-2'),
  ('clerk', 2, '{"prompt": "Count."}', 'home', 'event-3'),
  ('writer', 1, '{"prompt": "Write."}', 'home', 'event-4'),
  ('writer', 2, '{"tools": ["write_file"]}', 'home', 'event-4'),
  ('spare', 1, '{"prompt": "Wait."}', 'home', 'event-4'),
  ('thinker', 1, '{"prompt": "Think."}', 'home', 'event-5'),
  ('helper', 1, '{"prompt": "Help."}', 'home', 'event-6'),
  ('gone', 1, '{"prompt": "Was."}', 'home', 'event-7');
insert into roost.run_default (agent, version) values ('main', 1), ('helper', 1);
insert into roost.run (id, queue, handler, state, priority, ready_at, epoch, key_hash, holds_serial_key, agent, agent_version, session_kind, depth, reason, input,
  attempt, attempts_max, retry, stall_count, parent_run_id, parent_seq, parent_index, budget, cost_usd, tokens, usd_reserved, tokens_reserved, call_count, reservation_count, is_rehearsed, correlation,
  cause_id, created_at, ended_at)
select v.id::uuid, 'default', 'agent', v.state, 0, case v.state when 'ready' then roost.now() end, 0, 0, false, v.agent, 1, v.kind, 0, 'a test', '{}',
  1, 1, '{}', 0, v.parent::uuid, case when v.parent is not null then 1 end, case when v.parent is not null then v.place end, '{}', 0, 0, 0, 0, 0, 0, false, v.id, 'event-8', roost.now(), case v.state when 'done' then roost.now() end
from (values
  ('0199c8a0-0000-7000-8000-000000000001', 'thinker', 'subagent', 'done', '0199c8a0-0000-7000-8000-000000000003', 0),
  ('0199c8a0-0000-7000-8000-000000000002', 'helper', 'subagent', 'ready', '0199c8a0-0000-7000-8000-000000000003', 1),
  ('0199c8a0-0000-7000-8000-000000000003', 'helper', 'main', 'done', null, 0),
  ('0199c8a0-0000-7000-8000-000000000004', 'main', 'subagent', 'done', null, 0)
) as v (id, agent, kind, state, parent, place);
