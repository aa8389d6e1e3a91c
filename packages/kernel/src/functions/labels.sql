-- Invariant: a set has one number, however many ask for it at once. Sets are stored in order, so that two that store
-- several do not wait for each other in a circle. Returns the numbers in the order of the texts.
create or replace function roost.number_label_sets_1(texts text[]) returns integer[] language plpgsql as $$
declare
  each text;
begin
  for each in select distinct t from unnest(texts) as t order by t loop
    -- A number may be taken in a copied database: the next one is tried.
    while not exists (select from roost.label_set s where md5(s.text) = md5(each) and s.text = each) loop
      insert into roost.label_set (text) values (each) on conflict do nothing;
      if not found and exists (select from roost.label_set s where md5(s.text) = md5(each) and s.text <> each) then
        raise exception 'label set "%" has the hash of another', each using errcode = 'unique_violation';
      end if;
    end loop;
  end loop;
  return array(
    select s.number from unnest(texts) with ordinality as t(text, place)
    join roost.label_set s on md5(s.text) = md5(t.text) and s.text = t.text order by t.place);
end $$;

-- The set that two join to: all audiences and sources, the lowest trust, in the order of formatLabels. Bounds are applied when it is read.
create or replace function roost.join_label_sets_1(one integer, other integer) returns integer language plpgsql as $$
declare
  words text[];
begin
  if one = other then return one; end if;
  select array_agg(w order by w) into words
    from (select distinct w from roost.label_set s, unnest(string_to_array(s.text, ' ')) as t(word), lateral (select word collate "C" as w) as c
          where s.number in (one, other)) as each
    where w not like 'trust:%';
  return (roost.number_label_sets_1(array[array_to_string(words || (
    select case min(case w when 'trust:owner' then 2 when 'trust:agent' then 1 else 0 end) when 2 then 'trust:owner' when 1 then 'trust:agent' else 'trust:untrusted' end
    from roost.label_set s, unnest(string_to_array(s.text, ' ')) as t(w) where s.number in (one, other) and w like 'trust:%'), ' ')]))[1];
end $$;
