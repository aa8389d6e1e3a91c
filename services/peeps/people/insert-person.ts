/** Rows of a person that were said here, by the person or in their place: they take precedence over contacts of books. */
import { createId } from "@roost/base";
import type { Sql } from "@roost/database";
import { nameKey } from "./name-key.ts";
import { typed } from "../said/labels-of.ts";
import { normalizeHandle, type Handle } from "./normalize-handle.ts";

export type LabelledHandle = Handle & { label: string | undefined };

export function withLabel(given: {
  kind: Handle["kind"];
  value: string;
  service?: string | undefined;
  label?: string | undefined;
}): LabelledHandle | undefined {
  const handle = normalizeHandle(given);
  return handle === undefined ? undefined : { ...handle, label: given.label };
}

/** Who has one of them; shared and business handles identify no person. */
export async function findByHandles(tx: Sql, handles: readonly Handle[]): Promise<string | undefined> {
  const [row] = await tx.query<{ root: string }>(
    `select p.root from unnest($1::text[], $2::text[]) with ordinality as wanted (kind, norm, number)
        join svc_peeps.handle h on h.kind = wanted.kind and h.norm = wanted.norm join svc_peeps.person p on p.id = h.person_id
      where not h.is_shared and not h.is_business order by wanted.number limit 1`,
    [handles.map(({ kind }) => kind), handles.map(({ norm }) => norm)],
  );
  return row?.root;
}

export async function insertPerson(
  tx: Sql,
  { name, source, at }: { name: string; source: string; at: Date },
): Promise<string> {
  const id = createId();
  await tx.query(
    "insert into svc_peeps.person (id, root, kind, is_listed, name, name_key, name_source, created_at) values ($1, $1, 'person', true, $2, $3, $4, $5)",
    [id, name, nameKey(name), source, at],
  );
  return id;
}

export async function insertHandles(
  tx: Sql,
  { personId, handles, source, at }: { personId: string; handles: readonly LabelledHandle[]; source: string; at: Date },
): Promise<void> {
  const rows = handles.map((handle) => ({ ...handle, id: createId() }));
  await tx.query(
    `insert into svc_peeps.handle (id, person_id, kind, norm, raw, label, label_source, is_business, source, first_seen)
      select distinct on (kind, norm) id, $2, kind, norm, raw, label, case when label is not null then $3 end, "isBusiness", $3, $4
        from jsonb_to_recordset($1::jsonb) as r (id uuid, kind text, norm text, raw text, label text, "isBusiness" boolean)
      on conflict (kind, norm) do update set source = excluded.source where excluded.source = $5`,
    [JSON.stringify(rows), personId, source, at, typed],
  );
}

export async function setField(
  tx: Sql,
  {
    personId,
    name,
    value,
    source,
    at,
  }: { personId: string; name: string; value: string | null; source: string; at: Date },
): Promise<void> {
  await tx.query("delete from svc_peeps.field where person_id = $1 and name = $2 and origin = 1", [personId, name]);
  if (value !== null && value !== "")
    await tx.query(
      `insert into svc_peeps.field (person_id, name, origin, source, value, at) values ($1, $2, 1, $3, $4, $5)`,
      [personId, name, source, value, at],
    );
}

export async function insertNote(
  tx: Sql,
  { personId, text, source, at }: { personId: string; text: string; source: string; at: Date },
): Promise<string> {
  const id = createId();
  await tx.query("insert into svc_peeps.note (id, person_id, text, source, at) values ($1, $2, $3, $4, $5)", [
    id,
    personId,
    text,
    source,
    at,
  ]);
  return id;
}
