-- A run names the version of the loop that began its journal: a program goes on with journals whose rules it knows and claims no others.
-- What is older ends as outdated, and a fork goes on from there.

-- Null: nobody has claimed it.
alter table roost.run add column loop_version integer;
alter table roost.run_history add column loop_version integer;
create or replace view roost.run_all as select * from roost.run union all select * from roost.run_history;

-- Invariant: a run that has ended has its moment, and no other has.
alter table roost.run
  drop constraint run_state_check,
  drop constraint run_end_when_terminal,
  add constraint run_state_check
    check (state in ('ready', 'queued', 'running', 'waiting', 'done', 'failed', 'cancelled', 'diverged', 'outdated')),
  add constraint run_end_when_terminal
    check ((state in ('done', 'failed', 'cancelled', 'diverged', 'outdated')) = (ended_at is not null));
