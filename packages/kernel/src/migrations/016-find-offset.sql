-- Where a time begins in a partition, found in the server: a client would pay a round trip for each probe.

-- The first offset whose event is not older than the time; the next offset when there is none. Times ascend with offsets but for
-- appends that ran at the same moment.
create function roost.find_offset(of_topic text, of_partition integer, since timestamptz, first_offset bigint, next_offset bigint)
returns bigint language plpgsql stable as $$
declare
  low bigint := first_offset;
  high bigint := next_offset;
  middle bigint;
begin
  while low < high loop
    middle := (low + high) / 2;
    if (select e.time < since from roost.event e where e.topic = of_topic and e.partition = of_partition and e."offset" = middle) then
      low := middle + 1;
    else
      high := middle;
    end if;
  end loop;
  return low;
end $$;
