-- Keeps: dense offsets in commit order; no two appends wait for each other; a full segment never refuses an event.
create or replace function roost.append_events_1(
  head_topics text[], head_partitions integer[], head_counts integer[],
  event_heads integer[], event_places integer[],
  ids text[], types text[], versions integer[], sources text[], subjects text[], keys text[],
  correlations text[], causations text[], traceparents text[], label_sets integer[], payloads jsonb,
  out first_offsets bigint[], out untils bigint[]
) language plpgsql as $$
declare
  head_next bigint;
  head_until bigint;
begin
  for i in 1 .. cardinality(head_topics) loop
    update roost.partition_head set next_offset = next_offset + head_counts[i]
      where topic = head_topics[i] and partition = head_partitions[i]
      returning next_offset, (select offsets_until from roost.topic where name = topic) into head_next, head_until;
    if not found then
      raise exception 'topic "%" has no partition %', head_topics[i], head_partitions[i] using errcode = 'foreign_key_violation';
    end if;
    first_offsets[i] := head_next - head_counts[i];
    untils[i] := head_until;
  end loop;
  -- Only now, with every head locked, because making a segment takes further locks.
  for i in 1 .. cardinality(head_topics) loop
    if untils[i] < first_offsets[i] + head_counts[i] then
      untils[i] := roost.extend_topic_1(head_topics[i], first_offsets[i] + head_counts[i]);
    end if;
  end loop;
  insert into roost.event (topic, partition, "offset", id, type, version, source, subject, key, time, correlation, causation, traceparent, labels, data)
    select head_topics[e.head], head_partitions[e.head], first_offsets[e.head] + e.place,
      e.id, e.type, e.version, e.source, e.subject, e.key, roost.now(), e.correlation, e.causation, e.traceparent, e.label_set, e.payload
    from rows from (
      unnest(event_heads, event_places, ids, types, versions, sources, subjects, keys, correlations, causations, traceparents, label_sets),
      jsonb_array_elements(payloads)
    ) as e (head, place, id, type, version, source, subject, key, correlation, causation, traceparent, label_set, payload);
end $$;

-- Invariant: a reader that moves a cursor over events has seen them all. Rows that another transaction committed are visible a moment before
-- a connection learns of the segment they are in, so a reader first asks for the event before its end, which is there because offsets are
-- dense: a connection that sees it sees the segments below it too. One that does not begins its transaction anew.
create or replace function roost.require_seen_1(of_topic text, partitions integer[], untils bigint[]) returns void language plpgsql as $$
begin
  if exists (
    select from unnest(partitions, untils) as w(partition, until)
    where not exists (
      select from roost.event e where e.topic = of_topic and e.partition = w.partition and e."offset" = w.until - 1)
  ) then
    raise exception 'this connection does not know a segment of topic "%" yet', of_topic using errcode = 'serialization_failure';
  end if;
end $$;
