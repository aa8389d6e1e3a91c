-- Runs are moved by functions, a file each in functions/. What they need of the tables: one CHECK by state instead of eight, because each
-- CHECK costs every statement that writes; no trigger that changes what a writer wrote; the place of a run in the log, kept with it.

-- The ids of events. By time, so that they are inserted at the end of an index. Simulations replace it to get the same ones again.
do $$ begin
  if current_setting('server_version_num')::integer >= 180000 then
    create function roost.new_id() returns uuid language sql volatile parallel safe return uuidv7();
  else
    -- Milliseconds in the first 48 bits, version 7 in the next four.
    create function roost.new_id() returns uuid language sql volatile parallel safe
    return encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid())
      placing substring(int8send((extract(epoch from clock_timestamp()) * 1000)::bigint) from 3) from 1 for 6), 52, 1), 53, 1), 'hex')::uuid;
  end if;
end $$;

-- What the functions read of a run, kept with it.
alter table roost.run
  -- The hash of its id by which its events find their partition: murmur2, as Kafka's default partitioner has it, without its sign.
  add column key_hash integer not null default 0,
  -- What a worker must be able to do to take it. Null: nothing.
  add column needs text[];
alter table roost.run alter column key_hash drop default;
alter table roost.run_history
  add column key_hash integer not null default 0,
  add column needs text[];
create or replace view roost.run_all as select * from roost.run union all select * from roost.run_history;

-- Invariants: running has an owner, waiting has something to wait for, the end has its moment, nothing else has; who is ready or running
-- holds its serial key, who is queued does not.
alter table roost.run
  drop constraint run_state_check,
  drop constraint run_waiting_for_check,
  drop constraint run_owner_while_running,
  drop constraint run_end_when_terminal,
  drop constraint run_waits_for_something,
  drop constraint run_serial_key_place,
  drop constraint run_goes_with_serial_key,
  drop constraint run_queued_by_serial_key,
  add constraint run_by_state check (
    (serial_key is null) = (serial_seq is null) and (serial_key is not null or not holds_serial_key)
    and case state
      when 'running' then worker_id is not null and waiting_for is null and ended_at is null and holds_serial_key = (serial_key is not null)
      when 'ready' then worker_id is null and waiting_for is null and ended_at is null and holds_serial_key = (serial_key is not null)
      when 'queued' then worker_id is null and waiting_for is null and ended_at is null and serial_key is not null and not holds_serial_key
      when 'waiting' then worker_id is null and ended_at is null and waiting_for is not null
        and waiting_for in ('start', 'retry', 'time', 'event', 'person', 'child', 'resolution', 'slot', 'rate')
      else state in ('done', 'failed', 'cancelled', 'diverged', 'outdated') and worker_id is null and waiting_for is null and ended_at is not null
    end);

-- Who makes a run ready says itself whether it waits at a start limit.
drop trigger run_enters_at_start_limit on roost.run;
drop trigger run_comes_to_start_limit on roost.run;
drop function roost.hold_at_start_limit;
drop function roost.promote_serial_keys;
