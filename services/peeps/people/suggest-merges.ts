/**
 * Pairs that may be one person: equal names (people/name-key.ts), or names that sound or are written alike, and one thing
 * more. A name alone is no reason, and what was declined is not asked again.
 */
import { createId } from "@roost/base";
import type { Sql } from "@roost/database";
import { isWrittenAlike, nameSounds } from "./name-sounds.ts";

interface Pair {
  personId: string;
  otherId: string;
  reasons: string[];
  key: string;
  otherKey: string;
  soundsAlike: boolean;
}

/** Looks for the doubles of these people; returns how many pairs are new. */
export async function suggestMerges(tx: Sql, personIds: readonly string[], at: Date): Promise<number> {
  await writeSounds(tx, personIds);
  const pairs = await readPairs(tx, personIds);
  const found = pairs.flatMap(({ personId, otherId, reasons, key, otherKey, soundsAlike }) => {
    if (key === otherKey) return [{ personId, otherId, reasons }];
    if (!soundsAlike && !isWrittenAlike(key, otherKey)) return [];
    const similar = `names that ${soundsAlike ? "sound" : "are written"} alike`;
    return [{ personId, otherId, reasons: [similar, ...reasons] }];
  });
  const written = await tx.query(
    `insert into svc_peeps.suggestion (id, person_id, other_id, reasons, state, created_at)
      select id, person_id, other_id, reasons, 'open', $2
        from jsonb_to_recordset($1::jsonb) as r (id uuid, person_id uuid, other_id uuid, reasons text[])
      on conflict (person_id, other_id) do nothing returning id`,
    [
      JSON.stringify(
        found.map(({ personId, otherId, reasons }) => ({
          id: createId(),
          person_id: personId,
          other_id: otherId,
          reasons,
        })),
      ),
      at,
    ],
  );
  return written.length;
}

async function writeSounds(tx: Sql, personIds: readonly string[]): Promise<void> {
  const people = await tx.query<{ id: string; name: string; known: string }>(
    `select id, name, name_sound || '/' || long_sound as known from svc_peeps.person where id = any ($1::uuid[]) and name_key <> ''`,
    [personIds],
  );
  const changed = people.flatMap(({ id, name, known }) => {
    const { sound, long } = nameSounds(name);
    return `${sound}/${long}` === known ? [] : [{ id, sound, long }];
  });
  if (changed.length > 0)
    await tx.query(
      `update svc_peeps.person p set name_sound = r.sound, long_sound = r.long
        from jsonb_to_recordset($1::jsonb) as r (id uuid, sound text, long text) where p.id = r.id`,
      [JSON.stringify(changed)],
    );
}

/** Those of equal names, of names that sound alike, and of one mailbox or end of a number, with what speaks for it beside the name. */
async function readPairs(tx: Sql, personIds: readonly string[]): Promise<Pair[]> {
  return await tx.query<Pair>(
    `with mine as (
        select id, name_key, name_sound, long_sound, kind, is_listed from svc_peeps.person
        where id = any ($1::uuid[]) and root = id and name_key <> ''),
      near as (
        select p.id, o.id as other from mine p join svc_peeps.person o on o.name_key = p.name_key
        union select p.id, o.id from mine p join svc_peeps.person o on o.name_sound = p.name_sound
        union select p.id, o.id from mine p join svc_peeps.person o on o.long_sound = p.long_sound
        union select p.id, o.person_id from mine p join svc_peeps.handle a on a.person_id = p.id and a.kind = 'email' and not a.is_business and not a.is_shared
          join lateral (select person_id from svc_peeps.handle b where b.kind = 'email' and split_part(b.norm, '@', 1) = split_part(a.norm, '@', 1) limit 20) o on true
        union select p.id, o.person_id from mine p join svc_peeps.handle a on a.person_id = p.id and a.kind = 'phone' and length(a.norm) > 8 and not a.is_shared
          join lateral (select person_id from svc_peeps.handle b where b.kind = 'phone' and length(b.norm) > 8 and right(b.norm, 7) = right(a.norm, 7) limit 20) o on true),
      pair as (
        select distinct least(p.id, o.id) as person_id, greatest(p.id, o.id) as other_id
        from near join mine p on p.id = near.id join svc_peeps.person o on o.id = near.other and o.id <> p.id
        where o.root = o.id and o.name_key <> '' and p.kind = o.kind and (p.is_listed or o.is_listed)),
      reason as (
        select pair.person_id, pair.other_id,
            case when p.name_key = o.name_key then 'the same name in messages' else 'seen in messages' end as reason
          from pair join svc_peeps.person p on p.id = pair.person_id join svc_peeps.person o on o.id = pair.other_id
          where p.is_listed <> o.is_listed and not p.is_partial and not o.is_partial and (p.name_key = o.name_key or p.name_key like '% %')
        union select pair.person_id, pair.other_id, 'both at ' || a.value from pair
          join svc_peeps.field a on a.person_id = pair.person_id and a.name = 'organization'
          join svc_peeps.field b on b.person_id = pair.other_id and b.name = 'organization' and lower(b.value) = lower(a.value)
        union select pair.person_id, pair.other_id, 'the same birthday' from pair
          join svc_peeps.important_date a on a.person_id = pair.person_id and a.label = 'birthday'
          join svc_peeps.important_date b on b.person_id = pair.other_id and b.label = 'birthday' and b.month = a.month and b.day = a.day
        union select pair.person_id, pair.other_id, 'e-mail addresses with the same name, ' || split_part(a.norm, '@', 1) from pair
          join svc_peeps.handle a on a.person_id = pair.person_id and a.kind = 'email'
          join svc_peeps.handle b on b.person_id = pair.other_id and b.kind = 'email' and split_part(b.norm, '@', 1) = split_part(a.norm, '@', 1)
        union select pair.person_id, pair.other_id, 'phone numbers that end alike, ' || right(a.norm, 7) from pair
          join svc_peeps.handle a on a.person_id = pair.person_id and a.kind = 'phone' and length(a.norm) > 8
          join svc_peeps.handle b on b.person_id = pair.other_id and b.kind = 'phone' and right(b.norm, 7) = right(a.norm, 7)),
      reasons as (select person_id, other_id, array_agg(left(reason, 200) order by reason) as reasons from reason group by person_id, other_id limit 1000)
      select r.person_id as "personId", r.other_id as "otherId", r.reasons, p.name_key as key, o.name_key as "otherKey",
          p.name_sound = o.name_sound or p.long_sound = o.long_sound as "soundsAlike"
        from reasons r join svc_peeps.person p on p.id = r.person_id join svc_peeps.person o on o.id = r.other_id`,
    [personIds],
  );
}
