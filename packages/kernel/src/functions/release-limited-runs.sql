-- Lets the runs that wait at these start limits go on as far as there is room: by priority, then age. A run passes all its start limits at once, or waits
-- at the one that refuses it. All start limits that may be needed are locked first, in one order.
create or replace function roost.release_limited_runs_1(names text[]) returns table (run_id uuid, run_queue text) language plpgsql as $$
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
  -- With room left and a queue (a run was locked, or more wait than one call releases) the next look is at once.
  update roost.start_limit g set next_at = case
      when not exists (select 1 from roost.run r where r.rate = g.name and r.state = 'waiting' and r.waiting_for = 'rate') then null
      when cardinality(c.counting) < g.max then roost.now()
      else c.counting[cardinality(c.counting) - g.max + 1] + g.window_ms * interval '1 millisecond' end
  from (select o.name, array(select s from unnest(o.starts) as s where s > roost.now() - o.window_ms * interval '1 millisecond' order by s) as counting
        from roost.start_limit o where o.name = any(locked) and o.kind = 'rate') as c
  where g.name = c.name;
end $$;
