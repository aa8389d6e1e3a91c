/** Notes and messages, and people by their names, in which words stand. */
import type { Sql } from "@roost/database";
import type { HitRecord } from "../contract/records.ts";
import { likePattern } from "../text/like-pattern.ts";
import { fitText } from "../text/fit-text.ts";
import { labelsOf, labelsOfMessage } from "../said/labels-of.ts";

/** Of the text of one. */
const shownMax = 500;

export interface FindWords {
  /** As people type them; `or` between alternatives. */
  words: string;
  limit: number;
  /** Only what was written on them or by them. */
  personId?: string;
  /** Those with the most of the words first; else people, then notes, then messages, each the latest first. */
  isByFit?: boolean;
}

interface HitRow extends Omit<HitRecord, "at" | "labels"> {
  at: Date | null;
  /** Of its words, and of the name. */
  source: string;
  nameSource: string | null;
  /** Of a message: who wrote it; null: the owner. */
  sender: string | null;
}

export async function findWords(
  sql: Sql,
  { words, limit, personId, isByFit = false }: FindWords,
): Promise<HitRecord[]> {
  const rows = await sql.query<HitRow>(
    // Words around a hit are cut out of those that are shown only.
    `with query as (select websearch_to_tsquery('simple', $1) as words)
      select kind, id, "personId", name, at, source, name_source as "nameSource", sender, case kind when 'person' then text
          else ts_headline('simple', left(text, 20000), query.words, 'StartSel="", StopSel="", MaxWords=40, MinWords=15') end as text
      from query, lateral (select * from (
        select 'person' as kind, p.id::text as id, p.id as "personId", p.name, p.name as text, null::timestamptz as at, p.name_source as source, p.name_source, null as sender, 0 as rank, 0::real as fit
          from svc_peeps.person p where $3::uuid is null and p.merged_into is null and (p.is_listed or p.is_partial) and p.name ilike '%' || $4 || '%'
        union all (select 'note', n.id::text, r.id, r.name, n.text, n.at, n.source, r.name_source, null, 1, case when $5 then ts_rank(n.words, query.words) else 0 end as fit
          from query, svc_peeps.note n join svc_peeps.person p on p.id = n.person_id join svc_peeps.person r on r.id = p.root
          where n.words @@ query.words and ($3::uuid is null or r.id = $3) order by fit desc, n.at desc limit $2)
        union all (select 'message', m.id::text, r.id, r.name, coalesce(m.subject || ': ', '') || m.text, m.sent_at, m.source, r.name_source, h.norm, 2, case when $5 then ts_rank(m.words, query.words) else 0 end as fit
          from query, svc_peeps.message m left join svc_peeps.handle h on h.id = m.handle_id
            left join svc_peeps.person p on p.id = h.person_id left join svc_peeps.person r on r.id = p.root
          where m.words @@ query.words and not m.is_deleted and ($3::uuid is null or r.id = $3) order by fit desc, m.sent_at desc limit $2)) found
      order by case when $5 then 0 else rank end, fit desc, rank, at desc nulls last, id limit $2) shown
      order by case when $5 then 0 else rank end, fit desc, rank, at desc nulls last, id`,
    [words, limit, personId ?? null, likePattern(words), isByFit],
  );
  return rows.map(({ at, kind, id, personId: person, name, text, source, nameSource, sender }) => ({
    kind,
    id,
    personId: person,
    name,
    text: fitText(text, shownMax),
    at: at?.toISOString() ?? null,
    labels: kind === "message" ? labelsOfMessage(source, sender ?? undefined) : labelsOf(source, nameSource),
  }));
}
