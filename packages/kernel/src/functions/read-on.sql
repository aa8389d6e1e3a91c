-- Reads on in the log, in one call: of each partition of these topics where it begins and ends now, and the events from where the reader has got to.
-- A partition with no news, of which the reader knows all that is left, has no row. Each is asked for by itself, with values and not by a join, so
-- that segments of others are not opened.

-- Keeps: the event before the end that is read to is among those returned, whether it is wanted or not: a connection learns of a segment that
-- another one has attached a moment after its events are visible, and has not seen them then.

-- p_reached: by "topic/partition". p_types null: all. Returned: for each partition a row with its place in the log and no event, then its events.
create or replace function roost.read_on_1(p_topics text[], p_reached jsonb, p_types text[], p_limit integer, p_examined integer)
returns table (
  topic text, partition integer, first_offset bigint, next_offset bigint, "offset" bigint, id text, type text, version integer, source text,
  subject text, key text, "time" timestamptz, data jsonb, correlation text, causation text, traceparent text, labels text[]
) language plpgsql set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
  h record;
  until bigint;
begin
  for h in
    select p.*, count(*) filter (where p.start < p.next_offset) over () as news_count from (
      select h.topic, h.partition, h.next_offset, f.first_offset, r.reached, greatest(coalesce(r.reached, 0), f.first_offset) as start
      from roost.partition_head h join roost.topic t on t.name = h.topic
        cross join lateral (select greatest(h.first_offset, least(t.offsets_from, h.next_offset)) as first_offset) as f
        cross join lateral (select (p_reached ->> (h.topic || '/' || h.partition))::bigint as reached) as r
      where h.topic = any(p_topics)) as p
    where p.start < p.next_offset or p.reached is null or p.reached < p.first_offset
    order by p.topic, p.partition
  loop
    topic := h.topic;
    partition := h.partition;
    first_offset := h.first_offset;
    next_offset := h.next_offset;
    return next;
    continue when h.start >= h.next_offset;
    until := least(h.next_offset, h.start + p_examined);
    return query
      select e.topic, e.partition, null::bigint, null::bigint, e."offset", e.id, e.type, e.version, e.source, e.subject, e.key, e.time, e.data,
        e.correlation, e.causation, e.traceparent,
        coalesce((select string_to_array(s.text, ' ') from roost.label_set s where s.number = e.labels), '{aud:main,trust:untrusted}')
      from roost.event e
      where e.topic = h.topic and e.partition = h.partition and e."offset" >= h.start and e."offset" < until
        and (p_types is null or e.type = any(p_types) or e."offset" = until - 1)
      order by e."offset" limit least(p_limit, ceil(2.0 * p_limit / h.news_count)::integer);
  end loop;
end $$;
