-- main and clerk name no tools, writer does, thinker only thought for others; helper has a delegated run under way.
insert into roost.agent (id, version, state, definition, defined_by, source, cause_id) values
  ('main', 1, 'active', '{}', 'home', 'roost.yaml', 'event-0'),
  ('clerk', 2, 'active', '{"prompt": "Count."}', 'home', 'agents/clerk.md', 'event-0'),
  ('writer', 1, 'active', '{"tools": ["write_file"]}', 'home', 'agents/writer.md', 'event-0'),
  ('thinker', 1, 'active', '{"prompt": "Think."}', 'home', 'agents/thinker.md', 'event-0'),
  ('helper', 1, 'active', '{"prompt": "Help."}', 'home', 'agents/helper.md', 'event-0'),
  ('gone', 1, 'removed', '{"prompt": "Was."}', 'home', 'agents/gone.md', 'event-0');
insert into roost.agent_version (agent_id, version, definition, defined_by, event_id) values
  ('main', 1, '{}', 'home', 'event-1'),
  ('clerk', 1, '{"prompt": "Count all."}', 'home', 'event-2'),
  ('clerk', 2, '{"prompt": "Count."}', 'home', 'event-3'),
  ('writer', 1, '{"tools": ["write_file"]}', 'home', 'event-4'),
  ('thinker', 1, '{"prompt": "Think."}', 'home', 'event-5'),
  ('helper', 1, '{"prompt": "Help."}', 'home', 'event-6'),
  ('gone', 1, '{"prompt": "Was."}', 'home', 'event-7');
insert into roost.run (id, queue, handler, state, priority, ready_at, epoch, key_hash, holds_serial_key, agent, agent_version, session_kind, depth, reason, input,
  attempt, attempts_max, retry, stall_count, budget, cost_usd, tokens, usd_reserved, tokens_reserved, call_count, reservation_count, is_rehearsed, correlation,
  cause_id, created_at, ended_at)
select v.id::uuid, 'default', 'agent', v.state, 0, case v.state when 'ready' then roost.now() end, 0, 0, false, v.agent, 1, v.kind, 0, 'a test', '{}',
  1, 1, '{}', 0, '{}', 0, 0, 0, 0, 0, 0, false, v.id, 'event-8', roost.now(), case v.state when 'done' then roost.now() end
from (values
  ('0199c8a0-0000-7000-8000-000000000001', 'thinker', 'subagent', 'done'),
  ('0199c8a0-0000-7000-8000-000000000002', 'helper', 'subagent', 'ready'),
  ('0199c8a0-0000-7000-8000-000000000003', 'helper', 'main', 'done')
) as v (id, agent, kind, state);
