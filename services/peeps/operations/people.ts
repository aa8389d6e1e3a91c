/** Handlers on people: what is typed here stands before what books say. */
import { RoostError } from "@roost/base";
import { placeOf, readPage, serve, toPage, type InputOf } from "@roost/contract";
import type { Sql } from "@roost/database";
import type { ServiceContext } from "@roost/service";
import { z } from "zod";
import { personAdded } from "../contract/peeps-events.ts";
import { addPerson, changePerson, getPerson, listPeople } from "../contract/people.ts";
import { lockIdentity } from "../people/lock-identity.ts";
import { nameAnew } from "../people/name-anew.ts";
import { suggestMerges } from "../people/suggest-merges.ts";
import {
  findByHandles,
  insertHandles,
  insertNote,
  insertPerson,
  setField,
  withLabel,
} from "../people/insert-person.ts";
import type { PersonRecord } from "../contract/records.ts";
import { todayOf } from "../people/today-of.ts";
import { findPeople } from "../records/find-people.ts";
import { readPerson, readPersonDetails, rootOf, toPerson } from "../records/read-person.ts";
import { authorOf, toldSource } from "../said/labels-of.ts";

const Place = z.tuple([z.string(), z.uuid()]);

export const servePeople = ({ database, clock, timeZone }: ServiceContext) => {
  const now = (): Date => new Date(clock.nowMs());
  return [
    serve(listPeople, async ({ limit, after, ...query }) => {
      const place = placeOf(Place, after);
      const read = (count: number) => findPeople(database, { ...query, limit: count, place, now: now() });
      const { rows, next } = await readPage(limit, read, ({ name, id }) => [name, id]);
      return toPage(rows.map(toPerson), next);
    }),
    serve(getPerson, ({ personId }) => readPersonDetails(database, personId, todayOf({ clock, timeZone }))),
    serve(addPerson, ({ name, handles, tags, note }, { principal }) =>
      database.transact(async (tx) => {
        await lockIdentity(tx);
        const said = { source: authorOf(principal), at: now() };
        const given = handles.flatMap((handle) => withLabel(handle) ?? []);
        const known = await findByHandles(tx, given);
        const personId = known ?? (await insertPerson(tx, { name, ...said }));
        await setField(tx, { personId, name: "name", value: name, ...said });
        await insertHandles(tx, { personId, handles: given, ...said });
        await tx.query(
          "insert into svc_peeps.tag (person_id, tag, source) select $1, tag, $3 from unnest($2::text[]) as tag on conflict do nothing",
          [personId, tags, said.source],
        );
        if (note !== undefined) await insertNote(tx, { personId, text: note, ...said });
        await tx.query("update svc_peeps.person set is_listed = true, is_partial = false where id = $1", [personId]);
        await nameAnew(tx, [personId]);
        if (known === undefined) {
          await suggestMerges(tx, [personId], now());
          tx.emit(personAdded, { subject: personId, data: { personId, source: toldSource(said.source) } });
        }
        return { person: await readPerson(tx, personId), isNew: known === undefined };
      }),
    ),
    serve(changePerson, (change, { principal }) =>
      database.transact((tx) => writeChange(tx, change, { source: authorOf(principal), at: now() })),
    ),
  ];
};

const locksMax = 5;

/** Who they are now, also when they are merged while this waits. */
async function lockRoot(tx: Sql, personId: string): Promise<{ id: string; revision: number }> {
  for (let tries = 0; tries < locksMax; tries += 1) {
    const [row] = await tx.query<{ id: string; revision: number; isMerged: boolean }>(
      `select id, revision, merged_into is not null as "isMerged" from svc_peeps.person where id = $1 for update`,
      [await rootOf(tx, personId)],
    );
    if (row?.isMerged === false) return row;
  }
  throw new RoostError("conflict", `person ${personId} is being merged: try again`);
}

async function writeChange(
  tx: Sql,
  { personId, revision, ...change }: InputOf<typeof changePerson>,
  said: { source: string; at: Date },
): Promise<{ person: PersonRecord }> {
  const row = await lockRoot(tx, personId);
  const root = row.id;
  if (revision !== undefined && row.revision !== revision)
    throw new RoostError(
      "conflict",
      `the person has changed since revision ${revision}: it is ${row.revision} now; read it again`,
    );
  for (const [field, value] of Object.entries({
    name: change.name,
    organization: change.organization,
    title: change.title,
  }))
    if (value !== undefined) await setField(tx, { personId: root, name: field, value, ...said });
  const { keepInTouchDays: days, isListed, tags } = change;
  await tx.query(
    `update svc_peeps.person set revision = revision + 1, keep_in_touch_days = case when $2 then $3 else keep_in_touch_days end,
              is_listed = coalesce($4, is_listed) where id = $1`,
    [root, days !== undefined, days ?? null, isListed ?? null],
  );
  if (tags !== undefined) {
    await tx.query("delete from svc_peeps.tag where person_id = $1 and tag <> all ($2::text[])", [root, tags]);
    // Those of who was merged into this person come back with them.
    await tx.query(
      `update svc_peeps.tag set hidden_by = $1 where person_id in (select id from svc_peeps.person where root = $1)
        and person_id <> $1 and hidden_by is null and tag <> all ($2::text[])`,
      [root, tags],
    );
    await tx.query(
      `insert into svc_peeps.tag (person_id, tag, source) select $1, tag, $3 from unnest($2::text[]) as tag
        where tag not in (select t.tag from svc_peeps.person m join svc_peeps.shown_tag t on t.person_id = m.id where m.root = $1)
        on conflict do nothing`,
      [root, tags, said.source],
    );
  }
  await nameAnew(tx, [root]);
  return { person: await readPerson(tx, root) };
}
