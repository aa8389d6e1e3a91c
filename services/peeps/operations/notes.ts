/** Handlers on notes and relations. */
import { createId, RoostError } from "@roost/base";
import { placeOf, readPage, serve, toPage } from "@roost/contract";
import type { ServiceContext } from "@roost/service";
import { addNote, endRelation, listNotes, relatePeople, removeNote } from "../contract/people.ts";
import { addKnownThrough } from "../people/name-anew.ts";
import { relationTypeOf } from "../people/relation-types.ts";
import { insertNote } from "../people/insert-person.ts";
import { exactMoment, MomentPlace } from "../records/moment-place.ts";
import { noteColumns, toNote, type NoteRow } from "../records/to-note.ts";
import { rootOf } from "../records/read-person.ts";
import { authorOf, toldSource } from "../said/labels-of.ts";
import { readRelations } from "../records/read-relations.ts";

export const serveNotes = ({ database, clock }: ServiceContext) => {
  const now = (): Date => new Date(clock.nowMs());
  return [
    serve(addNote, ({ personId, text }, { principal }) =>
      database.transact(async (tx) => {
        const root = await rootOf(tx, personId);
        const note = { personId: root, text, source: authorOf(principal), at: now() };
        return { note: toNote({ id: await insertNote(tx, note), ...note }) };
      }),
    ),
    serve(listNotes, async ({ personId, limit, after }) => {
      const root = await rootOf(database, personId);
      const [from, fromId] = placeOf(MomentPlace, after) ?? [null, null];
      const read = (count: number) =>
        database.query<NoteRow & { place: string }>(
          `select ${noteColumns}, ${exactMoment("at")} as place from svc_peeps.note
          where person_id in (select id from svc_peeps.person where root = $1) and ($2::timestamptz is null or (at, id) < ($2, $3::uuid))
          order by at desc, id desc limit $4`,
          [root, from, fromId, count],
        );
      const { rows, next } = await readPage(limit, read, ({ place, id }) => [place, id]);
      return toPage(rows.map(toNote), next);
    }),
    serve(removeNote, async ({ noteId }) => {
      const removed = await database.query("delete from svc_peeps.note where id::text = $1 returning id", [noteId]);
      return { isRemoved: removed.length > 0 };
    }),
    serve(relatePeople, ({ personId, type, otherId, otherName, since, until }, { principal }) =>
      database.transact(async (tx) => {
        const root = await rootOf(tx, personId);
        const source = authorOf(principal);
        if ((otherId === undefined) === (otherName === undefined))
          throw new RoostError("invalid_input", "give either otherId or otherName");
        const other =
          otherId === undefined
            ? await addKnownThrough(tx, { name: otherName ?? "", source, at: now() })
            : await rootOf(tx, otherId);
        if (other === root) throw new RoostError("invalid_input", "otherId: a person has no relation to themselves");
        // Said once more by the same one, whatever they had read before.
        await tx.query(
          `delete from svc_peeps.relation where person_id = $1 and other_id = $2 and type = $3 and source <> $4 and split_part(source, chr(9), 1) = $5`,
          [root, other, relationTypeOf(type).name, source, toldSource(source)],
        );
        const [row] = await tx.query<{ id: string }>(
          `insert into svc_peeps.relation (id, person_id, other_id, type, since, until, source) values ($1, $2, $3, $4, $5, $6, $7)
            on conflict (person_id, other_id, type, source) do update set since = excluded.since, until = excluded.until returning id`,
          [createId(), root, other, relationTypeOf(type).name, since ?? null, until ?? null, source],
        );
        const [relation] = await readRelations(tx, root, row!.id);
        return { relation: relation! };
      }),
    ),
    serve(endRelation, ({ relationId, until }) =>
      database.transact(async (tx) => {
        const [row] = await tx.query<{ personId: string }>(
          `select p.root as "personId" from svc_peeps.relation r join svc_peeps.person p on p.id = r.person_id where r.id::text = $1 for update of r`,
          [relationId],
        );
        if (row === undefined) throw new RoostError("not_found", `there is no relation ${relationId}`);
        if (until === undefined) {
          await tx.query("delete from svc_peeps.relation where id::text = $1", [relationId]);
          return { relation: null };
        }
        await tx.query("update svc_peeps.relation set until = $2 where id::text = $1", [relationId, until]);
        const [relation] = await readRelations(tx, row.personId, relationId);
        return { relation: relation ?? null };
      }),
    ),
  ];
};
