/** People as contacts, to be written as cards: one for each who is not merged into another. */
import type { Sql } from "@roost/database";
import { emptyContact, type Contact } from "../contacts/contact.ts";
import { distinctLabels } from "../contacts/distinct-labels.ts";

interface Row {
  id: string;
  name: string;
  kind: "person" | "organization";
  fields: Record<string, string>;
  handles: { kind: "phone" | "email" | "username"; norm: string; label: string | null; preferred: boolean }[];
  dates: { label: string; year: number | null; month: number | null; day: number | null }[];
  addresses: Contact["addresses"];
  links: { url: string; label: string | null }[];
  notes: string[];
  noteCount: number;
  tags: string[];
  relations: { type: string; key: string; name: string }[];
}

/** Of one person, the latest first: a card has a size that programs read. */
const notesBytesMax = 4 * 1024 * 1024;

/** Listed people after one, in the order of their ids. */
export async function readContacts(
  sql: Sql,
  { after, limit }: { after: string | undefined; limit: number },
): Promise<Contact[]> {
  const of = (table: string, value: string, order: string): string =>
    `(select coalesce(jsonb_agg(${value} order by ${order}), '[]') from svc_peeps.person m join svc_peeps.${table} t on t.person_id = m.id where m.root = p.id)`;
  const rows = await sql.query<Row>(
    `select p.id, p.name, p.kind,
        (select coalesce(jsonb_object_agg(f.name, f.value), '{}') from (
          select distinct on (f.name) f.name, f.value from svc_peeps.person m join svc_peeps.field f on f.person_id = m.id
          where m.root = p.id order by f.name, f.origin, f.person_id <> p.id, f.at desc) f) as fields,
        ${of("handle", "jsonb_build_object('kind', t.kind, 'norm', t.norm, 'label', t.label, 'preferred', t.is_preferred)", "t.first_seen, t.id")} as handles,
        (select coalesce(jsonb_agg(jsonb_build_object('label', d.label, 'year', d.year, 'month', d.month, 'day', d.day) order by d.label, d.is_said, d.year, d.month, d.day), '[]') from (
          select t.label, t.year, t.month, t.day, bool_and(t.card <> '') as is_said from svc_peeps.person m join svc_peeps.important_date t on t.person_id = m.id
          where m.root = p.id group by t.label, t.year, t.month, t.day) d) as dates,
        (select coalesce(jsonb_agg(a.content order by a.place), '[]') from (
          select t.content, min(t.source || ' ' || t.card || ' ' || to_char(t.number, '00000')) as place from svc_peeps.person m join svc_peeps.address t on t.person_id = m.id
          where m.root = p.id group by t.content) a) as addresses,
        (select coalesce(jsonb_agg(jsonb_build_object('url', l.url, 'label', l.label) order by l.url), '[]') from (
          select t.url, min(t.label) as label from svc_peeps.person m join svc_peeps.link t on t.person_id = m.id where m.root = p.id group by t.url) l) as links,
        (select coalesce(jsonb_agg(n.text order by n.at, n.id), '[]') from (
          select t.text, t.at, t.id, sum(octet_length(t.text)) over (order by t.at desc, t.id desc) as size
          from svc_peeps.person m join svc_peeps.note t on t.person_id = m.id where m.root = p.id) n where n.size <= $3) as notes,
        (select count(*)::int from svc_peeps.person m join svc_peeps.note t on t.person_id = m.id where m.root = p.id) as "noteCount",
        ${of("shown_tag", "t.tag", "t.tag")} as tags,
        (select coalesce(jsonb_agg(jsonb_build_object('type', k.type, 'key', k.root, 'name', k.name) order by k.first), '[]') from (
          select t.type, o.root, r.name, min(t.id::text) as first
          from svc_peeps.person m join svc_peeps.relation t on t.person_id = m.id join svc_peeps.person o on o.id = t.other_id join svc_peeps.person r on r.id = o.root
          where m.root = p.id and o.root <> p.id and t.until is null group by t.type, o.root, r.name) k) as relations
      from svc_peeps.person p
      where p.root = p.id and (p.is_listed or p.is_partial) and ($1::uuid is null or p.id > $1)
      order by p.id limit $2`,
    [after ?? null, limit, notesBytesMax],
  );
  const contacts = rows.map(toContact);
  for (const [index, { fields }] of rows.entries()) {
    const picture = fields["picture"];
    const contact = contacts[index];
    if (contact === undefined || picture?.startsWith("sha256:") !== true) continue;
    const [found] = await sql.query<{ mediaType: string; bytes: Buffer }>(
      `select media_type as "mediaType", bytes from svc_peeps.picture where name = $1`,
      [picture],
    );
    contact.photo = found;
  }
  return contacts;
}

function toContact({ id, name, kind, fields, handles, dates, links, ...row }: Row): Contact {
  const nicknames = fields["nickname"]?.split(", ") ?? [];
  return {
    ...emptyContact(name),
    key: id,
    kind,
    name: {
      full: name,
      given: fields["given name"],
      middle: fields["middle name"],
      family: fields["family name"],
      prefix: fields["prefix"],
      suffix: fields["suffix"],
      nicknames,
    },
    handles: handles.map((handle) => {
      const [service, user] = handle.kind === "username" ? handle.norm.split(/:(.*)/s) : [undefined, undefined];
      const value = user ?? handle.norm.replace(/^(?:raw|short|name):/, "");
      return { kind: handle.kind, service, value, label: handle.label ?? undefined, isPreferred: handle.preferred };
    }),
    addresses: row.addresses,
    links: links.map(({ url, label }) => ({ url, label: label ?? undefined })),
    organization: fields["organization"],
    department: fields["department"],
    title: fields["title"],
    gender: fields["gender"],
    // What several books say of one day is said once.
    dates: distinctLabels(dates).map(({ label, ...date }) => ({
      label,
      date: { year: date.year ?? undefined, month: date.month ?? undefined, day: date.day ?? undefined },
    })),
    relations: row.relations,
    notes:
      row.notes.length < row.noteCount
        ? [`[${row.noteCount - row.notes.length} older notes are left out]`, ...row.notes]
        : row.notes,
    tags: row.tags,
    photo: /^https?:/i.test(fields["picture"] ?? "") ? { url: fields["picture"] ?? "" } : undefined,
  };
}
