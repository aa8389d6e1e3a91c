-- Invariant: a set has one number, whoever asks for it first and however many at once. Sets are stored in order, so that two that store
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
