-- Gives each named serial key without a holder to the first run of its queue. A serial key whose holder is in `ended` counts as free.
-- The head of the queue is only ever taken, never overtaken: if it is locked (it is being ended), the serial key stays free, and who
-- holds that lock, or the scheduler, comes here again.
--
-- Invariants: a serial key has one holder. A run that has its serial key and waits at a start limit keeps the serial key; while it waits its time limit stands still.
create or replace function roost.promote_serial_keys_1(names text[], ended uuid[]) returns table (run_id uuid, run_queue text) language plpgsql as $$
declare
  key_name text;
  key_holder uuid;
  lent integer;
  head_id uuid;
  taken_id uuid;
  taken_limits text[];
  start_limits text[] := '{}';
  is_passing boolean;
begin
  for key_name in select distinct unnest(names) order by 1 loop
    select l.holder, l.priority_lent into key_holder, lent from roost.serial_key l where l.name = key_name for update;
    if not found or (key_holder is not null and not key_holder = any(ended)) then
      continue;
    end if;
    taken_id := null;
    select r.id into head_id from roost.run r where r.serial_key = key_name and r.state = 'queued' order by r.serial_seq limit 1;
    if found then
      select r.id, array_remove(array[r.slot, r.rate], null), r.slot is null and (r.rate is null or r.rate_passed_at is not null)
        into taken_id, taken_limits, is_passing
        from roost.run r where r.id = head_id and r.state = 'queued' for no key update skip locked;
    end if;
    if taken_id is distinct from key_holder then
      update roost.serial_key l set holder = taken_id,
        priority_lent = case when head_id is null then -2147483648 else l.priority_lent end
      where l.name = key_name;
    end if;
    if taken_id is not null then
      update roost.run r set
        state = case when is_passing then 'ready' else 'waiting' end,
        waiting_for = case when is_passing then null when r.slot is not null then 'slot' else 'rate' end,
        ready_at = case when is_passing then roost.now() end,
        deadline_left_ms = case when is_passing or r.deadline_at is null then r.deadline_left_ms
          else greatest(1, round(extract(epoch from r.deadline_at - roost.now()) * 1000)) end,
        deadline_at = case when is_passing then r.deadline_at end,
        holds_serial_key = true, priority = greatest(r.priority, lent)
      where r.id = taken_id returning r.queue into run_queue;
      if is_passing then
        run_id := taken_id;
        return next;
      else
        start_limits := start_limits || taken_limits;
      end if;
    end if;
  end loop;
  if cardinality(start_limits) > 0 then return query select * from roost.release_limited_runs_1(start_limits); end if;
end $$;
