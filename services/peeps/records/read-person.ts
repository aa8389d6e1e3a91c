/** People as records: the rows of all who were merged into one are one. */
import { RoostError } from "@roost/base";
import type { Sql } from "@roost/database";
import type { PersonDetailsRecord, PersonRecord } from "../contract/records.ts";
import { nextDay } from "../people/next-day.ts";
import { formatPartialDate } from "../contacts/partial-date.ts";
import { noteColumns, toNote, type NoteRow } from "./to-note.ts";
import { readRelations } from "./read-relations.ts";
import { labelsOf, toldSource, typed } from "../said/labels-of.ts";

/** Of a person `p` who is not merged into another. */
export const personColumns = `
  p.id, p.name, p.kind, p.is_listed as "isListed", p.is_partial as "isPartial", p.revision,
  coalesce(p.keep_in_touch_days, (
    select min(c.days) from svc_peeps.person m join svc_peeps.shown_tag t on t.person_id = m.id join svc_peeps.cadence c on c.tag = t.tag
    where m.root = p.id)) as "keepInTouchDays",
  (select max(m.last_contact_at) from svc_peeps.person m where m.root = p.id) as "lastContactAt",
  ${bestOf("organization")} as organization, ${bestOf("title")} as title,
  (select coalesce(jsonb_agg(jsonb_build_object('id', h.id, 'kind', h.kind, 'value', h.norm, 'label', h.label, 'isPreferred', h.is_preferred,
      'isShared', h.is_shared, 'isBusiness', h.is_business, 'source', h.source, 'labelSource', h.label_source) order by h.is_preferred desc, h.first_seen, h.id), '[]')
    from svc_peeps.person m join svc_peeps.handle h on h.person_id = m.id where m.root = p.id) as handles,
  (select coalesce(jsonb_agg(distinct t.tag order by t.tag), '[]')
    from svc_peeps.person m join svc_peeps.shown_tag t on t.person_id = m.id where m.root = p.id) as tags,
  (select jsonb_agg(distinct said.source) from (values (p.name_source), (${bestOf("organization", "source")}), (${bestOf("title", "source")})
    union select t.source from svc_peeps.person m join svc_peeps.shown_tag t on t.person_id = m.id where m.root = p.id) as said (source)) as said`;

export interface PersonRow extends Omit<PersonRecord, "lastContactAt" | "handles" | "labels"> {
  lastContactAt: Date | null;
  handles: HandleRow[];
  /** Sources of name, organization, title and tags. */
  said: (string | null)[];
}

export type HandleRow = Omit<PersonRecord["handles"][number], "labels"> & {
  source: string;
  labelSource: string | null;
};

export function toHandle({ source, labelSource, ...row }: HandleRow): PersonRecord["handles"][number] {
  return { ...row, labels: labelsOf(source, labelSource) };
}

/** What is typed stands before a book's word, and that before what was inferred; the latest of equals. */
function bestOf(name: string, column = "value"): string {
  return `(select f.${column} from svc_peeps.person m join svc_peeps.field f on f.person_id = m.id
    where m.root = p.id and f.name = '${name}' order by f.origin, f.person_id <> p.id, f.at desc limit 1)`;
}

export function toPerson({ lastContactAt, handles, said, ...row }: PersonRow): PersonRecord {
  return {
    ...row,
    handles: handles.map(toHandle),
    lastContactAt: lastContactAt?.toISOString() ?? null,
    labels: labelsOf(...said),
  };
}

/** The person, or who they were merged into. @throws RoostError `not_found` */
export async function readPerson(sql: Sql, personId: string): Promise<PersonRecord> {
  const [row] = await sql.query<PersonRow>(
    `select ${personColumns} from svc_peeps.person p where p.id = (select root from svc_peeps.person where id = $1)`,
    [personId],
  );
  if (row === undefined) throw noPerson(personId);
  return toPerson(row);
}

/** The id of the person, or of who they were merged into. @throws RoostError `not_found` */
export async function rootOf(sql: Sql, personId: string): Promise<string> {
  const [row] = await sql.query<{ root: string }>("select root from svc_peeps.person where id = $1", [personId]);
  if (row === undefined) throw noPerson(personId);
  return row.root;
}

export function noPerson(personId: string): RoostError {
  return new RoostError("not_found", `there is no person ${personId}: search for the name`);
}

const origins = ["typed", "book", "inferred"] as const;

/** @param today A day of the owner's calendar. */
export async function readPersonDetails(
  sql: Sql,
  personId: string,
  today: string,
): Promise<{ person: PersonRecord; details: PersonDetailsRecord }> {
  const person = await readPerson(sql, personId);
  const of = "person_id in (select id from svc_peeps.person where root = $1)";
  const fields = await sql.query<{ name: string; value: string; origin: number; source: string }>(
    `select name, value, origin, source from svc_peeps.field where ${of} order by name, origin, at desc`,
    [person.id],
  );
  const dates = await sql.query<{
    label: string;
    year: number | null;
    month: number | null;
    day: number | null;
    sources: string[];
  }>(
    `select label, year, month, day, array_agg(source order by source <> $2, source) as sources from svc_peeps.important_date where ${of} group by label, year, month, day order by month, day, label`,
    [person.id, typed],
  );
  const addresses = await sql.query<{
    content: Omit<PersonDetailsRecord["addresses"][number], "labels">;
    source: string;
  }>(`select content, source from svc_peeps.address where ${of} order by source, card, number`, [person.id]);
  const links = await sql.query<{ url: string; label: string | null; source: string }>(
    `select distinct on (url, label) url, label, source from svc_peeps.link where ${of} order by url, label, source`,
    [person.id],
  );
  const notes = await sql.query<NoteRow>(
    `select ${noteColumns} from svc_peeps.note where ${of} order by at desc, id desc limit 10`,
    [person.id],
  );
  const merged = await sql.query<{ id: string; name: string; source: string }>(
    "select id, name, name_source as source from svc_peeps.person where root = $1 and id <> $1 order by name, id",
    [person.id],
  );
  const details = {
    fields: fields.map(({ origin, ...field }) => ({
      ...field,
      source: toldSource(field.source),
      origin: origins[origin - 1] ?? "inferred",
      labels: labelsOf(field.source),
    })),
    relations: await readRelations(sql, person.id),
    dates: dates.map(({ label, sources: [source = ""], ...row }) => {
      const date = { year: row.year ?? undefined, month: row.month ?? undefined, day: row.day ?? undefined };
      const told = { source: toldSource(source), labels: labelsOf(source) };
      return { label, date: formatPartialDate(date), next: nextDay(date, today), ...told };
    }),
    addresses: addresses.map(({ content, source }) => ({ ...content, labels: labelsOf(source) })),
    links: links.map(({ source, ...link }) => ({ ...link, labels: labelsOf(source) })),
    notes: notes.map(toNote),
    merged: merged.map(({ source, ...one }) => ({ ...one, labels: labelsOf(source) })),
  };
  return { person, details };
}
