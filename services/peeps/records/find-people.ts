/** People in the order of their names, by part of a name, tag, and whether they were not spoken to for too long. */
import type { Sql } from "@roost/database";
import { likePattern } from "../text/like-pattern.ts";
import { personColumns, type PersonRow } from "./read-person.ts";

export interface FindPeople {
  /** Name and id of the last one seen. */
  place: readonly [string, string] | undefined;
  limit: number;
  /** Only these, listed or not. */
  ids?: readonly string[] | undefined;
  name?: string | undefined;
  tag?: string | undefined;
  isOverdue?: boolean | undefined;
  /** Only silences that the owner was not told of. */
  isUntold?: boolean | undefined;
  isListed: boolean;
  now: Date;
}

export async function findPeople(
  sql: Sql,
  { place, limit, ids, name, tag, isOverdue = false, isUntold = false, isListed, now }: FindPeople,
): Promise<PersonRow[]> {
  const [fromName, fromId] = place ?? [null, null];
  return await sql.query<PersonRow>(
    `select * from (select ${personColumns} from svc_peeps.person p
          where p.merged_into is null and case when $9::uuid[] is null then p.is_listed = $3 and ($3 or not p.is_partial) else p.id = any ($9) end
            and ($1::text is null or (p.name, p.id) > ($1, $2::uuid))
            and ($4::text is null or p.name ilike '%' || $4 || '%' or exists (
              select from svc_peeps.person m join svc_peeps.field f on f.person_id = m.id
              where m.root = p.id and f.name in ('name', 'nickname') and f.value ilike '%' || $4 || '%'))
            and ($5::text is null or exists (
              select from svc_peeps.person m join svc_peeps.shown_tag t on t.person_id = m.id where m.root = p.id and t.tag = $5))
            and (not $6 or p.keep_in_touch_days is not null or exists (
              select from svc_peeps.person m join svc_peeps.shown_tag t on t.person_id = m.id join svc_peeps.cadence c on c.tag = t.tag where m.root = p.id))
          order by p.name, p.id) found
        where not $6 or ("keepInTouchDays" is not null
          and coalesce("lastContactAt", '-infinity') < $7::timestamptz - make_interval(days => "keepInTouchDays"))
          and (not $10 or (select told_silence from svc_peeps.person t where t.id = found.id) is distinct from coalesce("lastContactAt", '-infinity'))
        limit $8`,
    [
      fromName,
      fromId,
      isListed,
      name === undefined ? null : likePattern(name),
      tag ?? null,
      isOverdue,
      now,
      limit,
      ids ?? null,
      isUntold,
    ],
  );
}
