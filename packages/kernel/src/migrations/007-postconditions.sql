-- What must be true when a run ends as done: its definition's, kept with the run, so that a later definition does not change it.
alter table roost.run add column postconditions jsonb;
alter table roost.run_history add column postconditions jsonb;
create or replace view roost.run_all as select * from roost.run union all select * from roost.run_history;
