-- Texts that steps share. An output { sections: [{ name, text }] } is kept without its long texts, and read with them.

-- Takes the long texts out of an output, and keeps each once.
-- Invariant: a text that is named is kept: one that was not used for long is touched, and its removal waits or sees that.
create or replace function roost.share_texts_1(inout output jsonb, out texts bytea[]) language plpgsql as $$
declare
  kept jsonb;
begin
  if jsonb_typeof(output -> 'sections') is distinct from 'array' then return; end if;
  insert into roost.text as t (hash, text, used_at)
    select distinct on (s.hash) s.hash, s.text, roost.now() from roost.long_texts_1(output) as s order by s.hash
    on conflict (hash) do update set used_at = excluded.used_at where t.used_at < excluded.used_at - interval '1 hour';
  select array_agg(l.hash order by s.place), jsonb_agg(case when l.hash is null then s.section else s.section - 'text' end order by s.place)
    into texts, kept
    from jsonb_array_elements(output -> 'sections') with ordinality as s(section, place)
    left join roost.long_texts_1(output) as l on l.place = s.place;
  output := jsonb_set(output, '{sections}', coalesce(kept, '[]'));
end $$;

-- Below so many bytes a text costs less where it is.
create or replace function roost.long_texts_1(output jsonb) returns table (place bigint, hash bytea, text text) language sql immutable as $$
  select s.place, sha256(convert_to(s.section ->> 'text', 'UTF8')), s.section ->> 'text'
  from jsonb_array_elements(output -> 'sections') with ordinality as s(section, place)
  where octet_length(s.section ->> 'text') >= 200
$$;

-- An output as it was recorded.
create or replace function roost.with_texts_1(output jsonb, texts bytea[]) returns jsonb language sql stable as $$
  select case when texts is null then output else jsonb_set(output, '{sections}', (
    select coalesce(jsonb_agg(case when t.hash is null then s.section else s.section || jsonb_build_object('text', t.text) end order by s.place), '[]')
    from jsonb_array_elements(output -> 'sections') with ordinality as s(section, place) left join roost.text t on t.hash = texts[s.place])) end
$$;
