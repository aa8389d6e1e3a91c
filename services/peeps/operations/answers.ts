/** Answers with what says so: search, and who somebody is to somebody. Nothing is guessed. */
import { serve } from "@roost/contract";
import type { Sql } from "@roost/database";
import type { ServiceContext } from "@roost/service";
import { search, whoIs } from "../contract/messages.ts";
import type { HitRecord } from "../contract/records.ts";
import { todayOf } from "../people/today-of.ts";
import { nameKey } from "../people/name-key.ts";
import { loveNow, relationTypeOf, wordsOf } from "../people/relation-types.ts";
import { personColumns, toPerson, type PersonRow } from "../records/read-person.ts";
import { likePattern } from "../text/like-pattern.ts";
import { readRelations } from "../records/read-relations.ts";

const candidatesMax = 10;

export const serveAnswers = ({ database, clock, timeZone }: ServiceContext) => [
  serve(search, async ({ words, limit }) => ({ items: await findWords(database, { words, limit }) })),
  serve(whoIs, async ({ of, relation }) => {
    const rows = await findByName(database, of);
    const people = rows.map(toPerson);
    const [one] = people;
    if (one === undefined || people.length > 1) {
      const near = one === undefined ? await findWords(database, { words: of, limit: 5 }) : [];
      return { answer: one === undefined ? ("unknown" as const) : ("ask_which" as const), people, relations: [], near };
    }
    const today = todayOf({ clock, timeZone });
    const type = relationTypeOf(relation).name;
    const wanted = loveNow.includes(type) ? loveNow : [type];
    const relations = (await readRelations(database, one.id)).filter((known) => wanted.includes(known.type));
    const isCurrent = relations.some(({ until }) => until === null || until >= today);
    if (isCurrent) return { answer: "known" as const, people, relations, near: [] };
    const near = await findWords(database, { words: wordsOf(type).join(" or "), limit: 5, personId: one.id });
    return { answer: "unknown" as const, people, relations, near };
  }),
];

/** Listed people all of whose words are in the name, `my friend Ida` without the words around it. */
async function findByName(sql: Sql, name: string): Promise<PersonRow[]> {
  const around = new Set(["my", "the", "a", "friend", "friends", "our", "from"]);
  const words = nameKey(name.replaceAll(/['’]s\b/g, ""))
    .split(" ")
    .filter((word) => word !== "" && !around.has(word));
  if (words.length === 0) return [];
  return await sql.query<PersonRow>(
    `select ${personColumns} from svc_peeps.person p
      where p.merged_into is null and p.is_listed and (string_to_array(p.name_key, ' ') @> $1::text[] or exists (
        select from svc_peeps.person m join svc_peeps.field f on f.person_id = m.id
        where m.root = p.id and f.name = 'nickname' and lower(f.value) = $2))
      order by p.name, p.id limit $3`,
    [words, words.join(" "), candidatesMax],
  );
}

interface FindWords {
  /** As people type them; `or` between alternatives. */
  words: string;
  limit: number;
  /** Only what was written on them or by them. */
  personId?: string;
}

interface HitRow extends Omit<HitRecord, "at"> {
  at: Date | null;
}

async function findWords(sql: Sql, { words, limit, personId }: FindWords): Promise<HitRecord[]> {
  const rows = await sql.query<HitRow>(
    // Words around a hit are cut out of those that are shown only.
    `with query as (select websearch_to_tsquery('simple', $1) as words)
      select kind, id, "personId", name, at, case kind when 'person' then text
          else ts_headline('simple', left(text, 20000), query.words, 'StartSel="", StopSel="", MaxWords=40, MinWords=15') end as text
      from query, lateral (select * from (
        select 'person' as kind, p.id::text as id, p.id as "personId", p.name, p.name as text, null::timestamptz as at, 0 as rank
          from svc_peeps.person p where $3::uuid is null and p.merged_into is null and (p.is_listed or p.is_partial) and p.name ilike '%' || $4 || '%'
        union all (select 'note', n.id::text, r.id, r.name, n.text, n.at, 1
          from query, svc_peeps.note n join svc_peeps.person p on p.id = n.person_id join svc_peeps.person r on r.id = p.root
          where n.words @@ query.words and ($3::uuid is null or r.id = $3) order by n.at desc limit $2)
        union all (select 'message', m.id::text, r.id, r.name, coalesce(m.subject || ': ', '') || m.text, m.sent_at, 2
          from query, svc_peeps.message m left join svc_peeps.handle h on h.id = m.handle_id
            left join svc_peeps.person p on p.id = h.person_id left join svc_peeps.person r on r.id = p.root
          where m.words @@ query.words and not m.is_deleted and ($3::uuid is null or r.id = $3) order by m.sent_at desc limit $2)) found
      order by rank, at desc nulls last, id limit $2) shown order by rank, at desc nulls last, id`,
    [words, limit, personId ?? null, likePattern(words)],
  );
  return rows.map(({ at, kind, id, personId: person, name, text }) => ({
    kind,
    id,
    personId: person,
    name,
    text: text.slice(0, 500),
    at: at?.toISOString() ?? null,
  }));
}
