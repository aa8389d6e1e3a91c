-- Invariant: whoever moves a cursor over events has seen them all. Rows that another transaction committed are visible a moment before
-- a connection learns of the segment they are in, so a reader first asks for the event before its end, which is there because offsets are
-- dense: a connection that sees it sees the segments below it too. One that does not begins its transaction anew.
create function roost.require_seen(of_topic text, partitions integer[], untils bigint[]) returns void language plpgsql as $$
begin
  if exists (
    select from unnest(partitions, untils) as w(partition, until)
    where not exists (
      select from roost.event e where e.topic = of_topic and e.partition = w.partition and e."offset" = w.until - 1)
  ) then
    raise exception 'this connection does not know a segment of topic "%" yet', of_topic using errcode = 'serialization_failure';
  end if;
end $$;
