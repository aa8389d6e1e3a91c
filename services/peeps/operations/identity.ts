/** Who is who: suggestions, merges and their exact reverse. Rows stay with the one they were written for; only root moves. */
import { RoostError } from "@roost/base";
import { placeOf, readPage, serve, toPage } from "@roost/contract";
import type { ServiceContext, ServiceTransaction } from "@roost/service";
import { personMerged, personUnmerged } from "../contract/peeps-events.ts";
import { answerSuggestion, listSuggestions, mergePeople, unmergePerson } from "../contract/people.ts";
import { lockIdentity } from "../people/lock-identity.ts";
import { nameAnew } from "../people/name-anew.ts";
import { exactMoment, MomentPlace } from "../records/moment-place.ts";
import { readPerson, rootOf } from "../records/read-person.ts";
import { labelsOf } from "../said/labels-of.ts";

interface SuggestionRow {
  id: string;
  personId: string;
  otherId: string;
  reasons: string[];
  createdAt: Date;
  place: string;
  /** Sources of what the reasons quote. */
  said: string[] | null;
}

/** The same two, as they are merged by now, were asked about before, or were said to be two. */
const isAnswered = `exists (
  select 1 from svc_peeps.person a join svc_peeps.person b on b.root = (select root from svc_peeps.person where id = s.other_id)
    join svc_peeps.suggestion e on e.person_id = least(a.id, b.id) and e.other_id = greatest(a.id, b.id)
  where a.root = (select root from svc_peeps.person where id = s.person_id)
    and (e.state = 'declined' or (e.state = 'open' and (e.created_at, e.id) < (s.created_at, s.id))))`;

export const serveIdentity = ({ database }: ServiceContext) => [
  serve(listSuggestions, async ({ limit, after }) => {
    const [from, fromId] = placeOf(MomentPlace, after) ?? [null, null];
    const read = (count: number) =>
      database.query<SuggestionRow>(
        `select id, person_id as "personId", other_id as "otherId", reasons, created_at as "createdAt", ${exactMoment("created_at")} as place,
          (select array_agg(source) from (select source from svc_peeps.field f where f.person_id in (s.person_id, s.other_id)
            union select source from svc_peeps.handle h where h.person_id in (s.person_id, s.other_id)) as said) as said
        from svc_peeps.suggestion s
        where state = 'open' and (select root from svc_peeps.person where id = person_id) <> (select root from svc_peeps.person where id = other_id) and not ${isAnswered} and ($1::timestamptz is null or (created_at, id) > ($1, $2::uuid)) order by created_at, id limit $3`,
        [from, fromId, count],
      );
    const { rows, next } = await readPage(limit, read, ({ place, id }) => [place, id]);
    const items = [];
    for (const { personId, otherId, said, createdAt, id, reasons } of rows) {
      const [person, other] = [await readPerson(database, personId), await readPerson(database, otherId)];
      const more = { createdAt: createdAt.toISOString(), labels: labelsOf(...(said ?? [])) };
      if (person.id !== other.id) items.push({ id, person, other, reasons, ...more });
    }
    return toPage(items, next);
  }),
  serve(answerSuggestion, ({ suggestionId, areOne }) =>
    database.transact(async (tx) => {
      const [row] = await tx.query<{ personId: string; otherId: string }>(
        `update svc_peeps.suggestion set state = $2 where id::text = $1 returning person_id as "personId", other_id as "otherId"`,
        [suggestionId, areOne ? "accepted" : "declined"],
      );
      if (row === undefined) throw new RoostError("not_found", `there is no suggestion ${suggestionId}`);
      if (areOne) await merge(tx, row.personId, row.otherId);
      return { person: await readPerson(tx, row.personId) };
    }),
  ),
  serve(mergePeople, ({ personId, otherId }) =>
    database.transact(async (tx) => {
      await merge(tx, personId, otherId);
      return { person: await readPerson(tx, personId) };
    }),
  ),
  serve(unmergePerson, ({ personId }) =>
    database.transact(async (tx) => {
      await lockIdentity(tx);
      const [row] = await tx.query<{ mergedInto: string | null }>(
        `select merged_into as "mergedInto" from svc_peeps.person where id = $1 for update`,
        [personId],
      );
      const from = await rootOf(tx, personId);
      if (row?.mergedInto != null) {
        await tx.query("update svc_peeps.person set merged_into = null, root = id where id = $1", [personId]);
        // Both are others than before: what was meant for the two as one is refused.
        await tx.query("update svc_peeps.person set revision = revision + 1 where id in ($1, $2)", [personId, from]);
        await followRoots(tx, personId);
        await tx.query(
          `update svc_peeps.tag set hidden_by = null where person_id in (select id from svc_peeps.person where root = $1)
            and hidden_by not in (select id from svc_peeps.person where root = $1)`,
          [personId],
        );
        await nameAnew(tx, [personId, from]);
        tx.emit(personUnmerged, { subject: from, data: { personId: from, unmergedId: personId } });
      }
      return { person: await readPerson(tx, personId) };
    }),
  ),
];

/** The two become one: the one who is listed, else the first. */
async function merge(tx: ServiceTransaction, personId: string, otherId: string): Promise<void> {
  await lockIdentity(tx);
  const [root, other] = [await rootOf(tx, personId), await rootOf(tx, otherId)];
  if (root === other) return;
  const [kept] = await tx.query<{ id: string }>(
    `select id from svc_peeps.person where id = any ($1::uuid[]) order by is_listed desc, is_partial, (id = $2) desc limit 1`,
    [[root, other], root],
  );
  const into = kept?.id ?? root;
  const merged = into === root ? other : root;
  await tx.query("update svc_peeps.person set merged_into = $1, root = $1 where id = $2", [into, merged]);
  await tx.query("update svc_peeps.person set revision = revision + 1 where id = $1", [into]);
  await followRoots(tx, merged);
  await nameAnew(tx, [into]);
  tx.emit(personMerged, { subject: into, data: { personId: into, mergedId: merged } });
}

/** All who were merged into this person, and into those, get their root. */
async function followRoots(tx: ServiceTransaction, personId: string): Promise<void> {
  await tx.query(
    `with recursive below as (
        select id from svc_peeps.person where merged_into = $1
        union select p.id from svc_peeps.person p join below b on p.merged_into = b.id)
      update svc_peeps.person set root = (select root from svc_peeps.person where id = $1) where id in (select id from below)`,
    [personId],
  );
}
