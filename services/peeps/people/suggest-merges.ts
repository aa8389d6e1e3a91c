/**
 * Pairs that may be one person: equal names (people/name-key.ts) and one thing more. An equal name alone is no reason,
 * and what was declined is not asked again.
 */
import { createId } from "@roost/base";
import type { Sql } from "@roost/database";

/** Looks for the doubles of these people; returns how many pairs are new. */
export async function suggestMerges(tx: Sql, personIds: readonly string[], at: Date): Promise<number> {
  const found = await tx.query<{ personId: string; otherId: string; reasons: string[] }>(
    `with pair as (
        select distinct least(p.id, o.id) as person_id, greatest(p.id, o.id) as other_id
        from svc_peeps.person p join svc_peeps.person o on o.name_key = p.name_key and o.id <> p.id
        where p.id = any ($1::uuid[]) and p.root = p.id and o.root = o.id and p.name_key <> '' and p.kind = o.kind and (p.is_listed or o.is_listed)),
      reason as (
        select person_id, other_id, 'the same name in messages' as reason from pair
          where (select is_listed from svc_peeps.person where id = person_id) <> (select is_listed from svc_peeps.person where id = other_id)
            and not exists (select from svc_peeps.person where id in (person_id, other_id) and is_partial)
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
          join svc_peeps.handle b on b.person_id = pair.other_id and b.kind = 'phone' and right(b.norm, 7) = right(a.norm, 7))
      select person_id as "personId", other_id as "otherId", array_agg(reason order by reason) as reasons
      from reason group by person_id, other_id limit 1000`,
    [personIds],
  );
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
