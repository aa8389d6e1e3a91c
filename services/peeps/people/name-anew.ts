/** Calls people by the best of their names: typed before a book's, their own before that of who was merged into them, the latest of equals. */
import { createId } from "@roost/base";
import type { Sql } from "@roost/database";
import { personLimits } from "../contract/limits.ts";
import { fitText } from "../text/fit-text.ts";
import { nameKey } from "./name-key.ts";
import { nameSounds } from "./name-sounds.ts";

export async function nameAnew(tx: Sql, personIds: readonly string[]): Promise<void> {
  const found = await tx.query<{ id: string; name: string; source: string }>(
    `select distinct on (m.root) m.root as id, f.value as name, f.source
      from svc_peeps.person m
        join svc_peeps.field f on f.person_id = m.id and f.name = 'name'
        join svc_peeps.person r on r.id = m.root
      where m.root in (select root from svc_peeps.person where id = any ($1::uuid[]))
      order by m.root, f.origin, f.person_id <> m.root, f.at desc`,
    [personIds],
  );
  await tx.query(
    `update svc_peeps.person p set name = r.name, name_key = r.key, name_source = r.source, name_sound = r.sound, long_sound = r.long
      from jsonb_to_recordset($1::jsonb) as r (id uuid, name text, key text, source text, sound text, long text)
      where p.id = r.id and (p.name, p.name_source) <> (r.name, r.source)`,
    [
      JSON.stringify(
        found.map(({ name, ...row }) => ({
          ...row,
          name: fitText(name, personLimits.nameMax),
          key: nameKey(name),
          ...nameSounds(name),
        })),
      ),
    ],
  );
}

/** Who is known only through another has a name like everybody, the weakest of all: merged and unmerged, they get it back. */
export async function nameKnownThrough(
  tx: Sql,
  personIds: readonly string[],
  { source, at }: { source: string; at: Date },
): Promise<void> {
  await tx.query(
    `insert into svc_peeps.field (person_id, name, origin, source, value, at)
      select id, 'name', 3, $2, name, $3 from svc_peeps.person where id = any ($1::uuid[])`,
    [personIds, source, at],
  );
}

/** A person known by name only, through another. */
export async function addKnownThrough(
  tx: Sql,
  { name, source, at }: { name: string; source: string; at: Date },
): Promise<string> {
  const id = createId();
  await tx.query(
    "insert into svc_peeps.person (id, root, kind, is_listed, is_partial, name, name_key, name_source, created_at) values ($1, $1, 'person', false, true, $2, $3, $4, $5)",
    [id, name, nameKey(name), source, at],
  );
  await nameKnownThrough(tx, [id], { source, at });
  return id;
}
