-- Start limits that runs pass before they become ready: at most so many at once (a slot), at most so many starts in a while (a rate). Queues that
-- are paused. Forks of runs. The versions of jobs.
-- Locks of 002 go on as:  … ->  serial key by name  ->  start limit by name  ->  the head of a start limit's queue (SKIP LOCKED)  ->  partition heads

alter table roost.run
  add column slot text, add column rate text, add column limits_passed boolean not null default false, add column rate_passed_at timestamptz,
  add column forked_from uuid, add column forked_seq integer;
alter table roost.run_history
  add column slot text, add column rate text, add column limits_passed boolean not null default false, add column rate_passed_at timestamptz,
  add column forked_from uuid, add column forked_seq integer;
create or replace view roost.run_all as select * from roost.run union all select * from roost.run_history;
alter table roost.run drop constraint run_waiting_for_check;
alter table roost.run add constraint run_waiting_for_check
  check (waiting_for in ('start', 'retry', 'time', 'event', 'person', 'child', 'resolution', 'slot', 'rate'));
create index run_forked_from on roost.run (forked_from) where forked_from is not null;
create index run_history_forked_from on roost.run_history (forked_from) where forked_from is not null;

-- One row per key in use. What it allows is what the run that was created last says.
create table roost.start_limit (
  -- slot:<key> or rate:<key>
  name      text primary key,
  kind      text not null check (kind in ('slot', 'rate')),
  max       integer not null check (max > 0),
  window_ms bigint,
  -- Of a rate: when the last ones started, as far as they still count.
  starts    timestamptz[] not null default '{}',
  -- Of a rate with a queue: when the next may start.
  next_at   timestamptz,
  constraint start_limit_rate_has_window check ((kind = 'rate') = (window_ms is not null))
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 500);
create index start_limit_next on roost.start_limit (next_at) where next_at is not null;

-- The claim never sees who waits at a start limit: they are not ready. Who looks for the next one reads only the start limit's own queue.
create index run_at_slot on roost.run (slot, priority desc, id) where state = 'waiting' and waiting_for = 'slot';
create index run_at_rate on roost.run (rate, priority desc, id) where state = 'waiting' and waiting_for = 'rate';
create index run_in_slot on roost.run (slot) where slot is not null and limits_passed and ended_at is null;

-- Invariant: a run with a start limit becomes ready by being admitted alone, whoever makes it ready; while it waits, for whatever, it holds no
-- slot and its time limit stands still. A run that is handed back by its owner keeps its slot.
create function roost.hold_at_start_limit() returns trigger language plpgsql as $$
begin
  if new.state = 'ready' then
    if new.limits_passed or (new.slot is null and new.rate_passed_at is not null) then return new; end if;
    new.state := 'waiting';
    new.waiting_for := case when new.slot is not null then 'slot' else 'rate' end;
    new.ready_at := null;
    if new.deadline_at is not null then
      new.deadline_left_ms := greatest(1, round(extract(epoch from new.deadline_at - roost.now()) * 1000));
      new.deadline_at := null;
    end if;
  end if;
  if new.state in ('waiting', 'queued') then new.limits_passed := false; end if;
  return new;
end $$;
create trigger run_enters_at_start_limit before insert on roost.run
  for each row when (new.slot is not null or new.rate is not null) execute function roost.hold_at_start_limit();
create trigger run_comes_to_start_limit before update of state on roost.run
  for each row when (new.slot is not null or new.rate is not null) execute function roost.hold_at_start_limit();

-- Lets the runs that wait at these start limits go on as far as there is room: by priority, then age. A run passes all its start limits at once, or waits
-- at the one that refuses it. All start limits that may be needed are locked first, in one order.
create function roost.release_limited_runs(names text[]) returns table (run_id uuid, run_queue text) language plpgsql as $$
declare
  locked text[];
  limit_name text;
  head roost.run;
  refusing text;
  rate_limit roost.start_limit;
  recent timestamptz[];
  is_passing boolean;
begin
  select array_agg(l.name) into locked from (
    select g.name from roost.start_limit g
    where g.name = any(names) or g.name in (
      select h.other from unnest(names) as n(name), lateral (
        (select r.rate as other from roost.run r where r.slot = n.name and r.state = 'waiting' and r.waiting_for = 'slot'
         order by r.priority desc, r.id limit 100)
        union
        (select r.slot from roost.run r where r.rate = n.name and r.state = 'waiting' and r.waiting_for = 'rate'
         order by r.priority desc, r.id limit 100)) as h)
    order by g.name for update) as l;
  if locked is null then return; end if;
  for limit_name in select n from unnest(locked) as n where n = any(names) order by 1 loop
    for turn in 1 .. 100 loop
      if limit_name like 'slot:%' then
        select * into head from roost.run r where r.slot = limit_name and r.state = 'waiting' and r.waiting_for = 'slot'
        order by r.priority desc, r.id limit 1 for no key update skip locked;
      else
        select * into head from roost.run r where r.rate = limit_name and r.state = 'waiting' and r.waiting_for = 'rate'
        order by r.priority desc, r.id limit 1 for no key update skip locked;
      end if;
      exit when not found;
      refusing := null;
      is_passing := head.rate is not null and head.rate_passed_at is null;
      -- Another start limit that came up since the locks were taken: the loop over state comes here again.
      exit when (head.slot is not null and not head.slot = any(locked)) or (is_passing and not head.rate = any(locked));
      if head.slot is not null and
         (select count(*) from roost.run b where b.slot = head.slot and b.limits_passed and b.ended_at is null)
           >= (select g.max from roost.start_limit g where g.name = head.slot) then
        refusing := head.slot;
      elsif is_passing then
        select * into rate_limit from roost.start_limit g where g.name = head.rate;
        recent := array(select s from unnest(rate_limit.starts) as s where s > roost.now() - rate_limit.window_ms * interval '1 millisecond' order by s);
        if cardinality(recent) >= rate_limit.max then refusing := head.rate; end if;
      end if;
      exit when refusing = limit_name;
      if refusing is not null then
        update roost.run r set waiting_for = case when refusing = r.slot then 'slot' else 'rate' end where r.id = head.id;
        continue;
      end if;
      update roost.run r set
        state = 'ready', limits_passed = true, waiting_for = null, ready_at = roost.now(), deadline_left_ms = null,
        deadline_at = coalesce(r.deadline_at, roost.now() + r.deadline_left_ms * interval '1 millisecond'),
        rate_passed_at = case when is_passing then roost.now() else r.rate_passed_at end
      where r.id = head.id;
      if is_passing then
        update roost.start_limit g set starts = recent || roost.now() where g.name = head.rate;
      end if;
      run_id := head.id;
      run_queue := head.queue;
      return next;
    end loop;
  end loop;
  -- With room left and a queue (a run was locked, or more wait than one call admits) the next look is at once.
  update roost.start_limit g set next_at = case
      when not exists (select 1 from roost.run r where r.rate = g.name and r.state = 'waiting' and r.waiting_for = 'rate') then null
      when cardinality(c.counting) < g.max then roost.now()
      else c.counting[cardinality(c.counting) - g.max + 1] + g.window_ms * interval '1 millisecond' end
  from (select o.name, array(select s from unnest(o.starts) as s where s > roost.now() - o.window_ms * interval '1 millisecond' order by s) as counting
        from roost.start_limit o where o.name = any(locked) and o.kind = 'rate') as c
  where g.name = c.name;
end $$;

-- As in 002; a run that has its serial key and waits at a start limit keeps the serial key.
create or replace function roost.promote_serial_keys(names text[], ended uuid[]) returns table (run_id uuid, run_queue text) language plpgsql as $$
declare
  key_name text;
  key_holder uuid;
  lent integer;
  head_id uuid;
  taken_id uuid;
  taken roost.run;
  start_limits text[] := '{}';
begin
  for key_name in select distinct unnest(names) order by 1 loop
    select holder, priority_lent into key_holder, lent from roost.serial_key where name = key_name for update;
    if not found or (key_holder is not null and not key_holder = any(ended)) then
      continue;
    end if;
    taken_id := null;
    head_id := null;
    select id into head_id from roost.run where serial_key = key_name and state = 'queued' order by serial_seq limit 1;
    if found then
      select id into taken_id from roost.run where id = head_id and state = 'queued' for no key update skip locked;
    end if;
    if taken_id is distinct from key_holder then
      update roost.serial_key set holder = taken_id,
        priority_lent = case when head_id is null then -2147483648 else priority_lent end
      where name = key_name;
    end if;
    if taken_id is not null then
      update roost.run
        set state = 'ready', holds_serial_key = true, ready_at = roost.now(), priority = greatest(priority, lent) where id = taken_id returning * into taken;
      if taken.state = 'ready' then
        run_id := taken.id;
        run_queue := taken.queue;
        return next;
      else
        start_limits := start_limits || array_remove(array[taken.slot, taken.rate], null);
      end if;
    end if;
  end loop;
  if cardinality(start_limits) > 0 then return query select * from roost.release_limited_runs(start_limits); end if;
end $$;

-- Invariant: a row for each queue that is paused: nothing of it is claimed.
create table roost.queue (
  name          text primary key,
  paused_at     timestamptz not null,
  paused_by     text not null,
  paused_reason text
);

-- Invariant: a version of a job is written once, with the change that makes it, and never changes.
create table roost.job_version (
  job_id     text not null references roost.job,
  version    integer not null,
  definition jsonb not null,
  time_zone  text not null,
  defined_by text not null,
  defined_at timestamptz not null,
  event_id   text not null,
  primary key (job_id, version)
);
insert into roost.job_version (job_id, version, definition, time_zone, defined_by, defined_at, event_id)
  select id, version, definition, time_zone, defined_by, updated_at, cause_id from roost.job;
