/**
 * Relations that a book tells of: to a card of the same book by its key, or to a name. A person of whom a book says only
 * the name is known through the other person alone; who that is, a person says by merging.
 */
import { createId } from "@roost/base";
import type { Sql } from "@roost/database";
import { lockIdentity } from "../people/lock-identity.ts";
import { nameKnownThrough } from "../people/name-anew.ts";
import { nameKey } from "../people/name-key.ts";
import { relationTypeOf } from "../people/relation-types.ts";
import type { PreparedContact } from "./write-contacts.ts";

export async function relateContacts(
  tx: Sql,
  cards: readonly PreparedContact[],
  { book, at }: { book: string; at: Date },
): Promise<void> {
  await lockIdentity(tx);
  const wanted = cards.flatMap(({ personId, contact }) =>
    contact.relations.slice(0, 100).map(({ type, name, key }) => {
      const word = relationTypeOf(type).name.slice(0, 60);
      const known = key ?? `via:${personId}:${word}:${nameKey(name ?? "")}`;
      return { personId, type: word, name: name?.slice(0, 200), key: known.slice(0, 500), isKey: key !== undefined };
    }),
  );
  if (wanted.length === 0) return;
  const rows = await tx.query<{ key: string; personId: string }>(
    `select key, person_id as "personId" from svc_peeps.source_key where source = $1 and key = any ($2::text[])`,
    [book, wanted.map(({ key }) => key)],
  );
  const known = new Map(rows.map(({ key, personId }) => [key, personId]));
  const added = wanted.flatMap(({ key, name, isKey }) => {
    if (isKey || name === undefined || known.has(key)) return [];
    const id = createId();
    known.set(key, id);
    return [{ id, key, name, name_key: nameKey(name) }];
  });
  await tx.query(
    `insert into svc_peeps.person (id, root, kind, is_listed, is_partial, name, name_key, name_source, created_at)
      select id, id, 'person', false, true, name, name_key, $3, $2
        from jsonb_to_recordset($1::jsonb) as r (id uuid, name text, name_key text)`,
    [JSON.stringify(added), at, book],
  );
  await nameKnownThrough(
    tx,
    added.map(({ id }) => id),
    { source: book, at },
  );
  await tx.query(
    `insert into svc_peeps.source_key (source, key, person_id, hash)
      select $2, key, id, '' from jsonb_to_recordset($1::jsonb) as r (id uuid, key text) on conflict do nothing`,
    [JSON.stringify(added), book],
  );
  const relations = wanted.flatMap(({ personId, type, key }) => {
    const otherId = known.get(key);
    return otherId === undefined || otherId === personId
      ? []
      : [{ id: createId(), person_id: personId, other_id: otherId, type }];
  });
  await tx.query(
    `insert into svc_peeps.relation (id, person_id, other_id, type, source)
      select id, person_id, other_id, type, $2
        from jsonb_to_recordset($1::jsonb) as r (id uuid, person_id uuid, other_id uuid, type text)
      on conflict (person_id, other_id, type, source) do nothing`,
    [JSON.stringify(relations), book],
  );
}
