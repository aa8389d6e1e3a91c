/** Writes the contacts of one transaction, each kind of row by one statement. */
import { createId } from "@roost/base";
import type { Sql } from "@roost/database";
import type { Contact } from "../contacts/contact.ts";
import { pictureName } from "../contacts/picture.ts";
import { nameAnew } from "../people/name-anew.ts";
import { nameSounds } from "../people/name-sounds.ts";
import type { Handle } from "../people/normalize-handle.ts";
import { removeUnusedPictures, writePictures } from "./write-pictures.ts";

export interface PreparedContact {
  contact: Contact;
  /** Of the card in its book. */
  key: string;
  hash: string;
  nameKey: string;
  handles: (Handle & { label: string | undefined; isPreferred: boolean })[];
  personId: string;
  isNew: boolean;
}

export interface WriteOptions {
  book: string;
  at: Date;
  /** Handles (`kind norm`) that turned out to be of several people. */
  shared: readonly string[];
}

/** Rows as one JSON parameter: a statement's size does not depend on their number. */
const rows = (value: readonly object[]): string => JSON.stringify(value);

export async function writeContacts(
  tx: Sql,
  cards: readonly PreparedContact[],
  { book, at, shared }: WriteOptions,
): Promise<void> {
  if (cards.length === 0) return;
  const ids = cards.map(({ personId }) => personId);
  const of = rowsOf(cards);
  await writePeople(tx, cards, { book, at });
  const pictures = await writePictures(tx, cards, book);
  await tx.query(
    `insert into svc_peeps.field (person_id, name, origin, source, value, at)
      select distinct on (person_id, name) person_id, name, 2, $2, left(value, 2000), $3::timestamptz
        from jsonb_to_recordset($1::jsonb) as r (person_id uuid, name text, value text)
      on conflict (person_id, name, origin, source) do update set value = excluded.value, at = excluded.at`,
    [rows(of(fieldsOf)), book, at],
  );
  await removeUnusedPictures(tx, pictures);
  await tx.query(
    `insert into svc_peeps.handle (id, person_id, kind, norm, raw, label, label_source, is_preferred, is_business, source, first_seen)
      select id, person_id, kind, norm, left(raw, 320), label, case when label is not null then $2 end, is_preferred, is_business, $2, $3
        from jsonb_to_recordset($1::jsonb) as r (id uuid, person_id uuid, kind text, norm text, raw text, label text, is_preferred boolean, is_business boolean)
      on conflict (kind, norm) do update set label = coalesce(handle.label, excluded.label),
        label_source = case when handle.label is null then excluded.label_source else handle.label_source end`,
    [rows(handleRows(cards)), book, at],
  );
  if (shared.length > 0)
    await tx.query("update svc_peeps.handle set is_shared = true where kind || ' ' || norm = any ($1::text[])", [
      shared,
    ]);
  await tx.query(
    // Without its hash a card is not done: its relations are still to come.
    `insert into svc_peeps.source_key (source, key, person_id, hash)
      select $2, key, person_id, '' from jsonb_to_recordset($1::jsonb) as r (key text, person_id uuid)
      on conflict (source, key) do update set hash = ''`,
    [rows(cards.map(({ key, personId }) => ({ key, person_id: personId }))), book],
  );
  await writeSaid(tx, cards, { book, at });
  await nameAnew(tx, ids);
}

/** The cards are done: read again as they are, they change nothing. */
export async function closeContacts(tx: Sql, cards: readonly PreparedContact[], book: string): Promise<void> {
  await tx.query(
    `update svc_peeps.source_key k set hash = r.hash from jsonb_to_recordset($1::jsonb) as r (key text, hash text)
      where k.source = $2 and k.key = r.key`,
    [rows(cards.map(({ key, hash }) => ({ key, hash }))), book],
  );
}

/** Notes, dates, addresses, links and tags. */
async function writeSaid(
  tx: Sql,
  cards: readonly PreparedContact[],
  { book, at }: { book: string; at: Date },
): Promise<void> {
  const of = rowsOf(cards);
  await replace(
    tx,
    "note (id, person_id, text, source, card, at)",
    `select id, person_id, text, $2, card, coalesce(at, $3) from jsonb_to_recordset($1::jsonb) as r (id uuid, person_id uuid, card text, text text, at timestamptz)`,
    {
      book,
      at,
      rows: of((contact) => notesOf(contact).map((note) => ({ id: createId(), ...note }))),
    },
  );
  await replace(
    tx,
    "important_date (id, person_id, label, year, month, day, source, card)",
    `select distinct on (card, label) id, person_id, label, year, month, day, $2, card from jsonb_to_recordset($1::jsonb) as r (id uuid, person_id uuid, card text, label text, year smallint, month smallint, day smallint) where $3::timestamptz is not null`,
    {
      book,
      at,
      rows: of(({ dates }) => dates.map(({ label, date }) => ({ id: createId(), label, ...date }))),
    },
  );
  await replace(
    tx,
    "address (person_id, source, card, number, content)",
    `select person_id, $2, card, number, content from jsonb_to_recordset($1::jsonb) as r (person_id uuid, card text, number smallint, content jsonb) where $3::timestamptz is not null`,
    {
      book,
      at,
      rows: of(({ addresses }) => addresses.slice(0, 20).map((content, number) => ({ number, content }))),
    },
  );
  await tx.query(
    `insert into svc_peeps.link (person_id, url, label, source)
      select distinct on (person_id, url) person_id, url, label, $2 from jsonb_to_recordset($1::jsonb) as r (person_id uuid, url text, label text)
      on conflict (person_id, url) do nothing`,
    [rows(of(({ links }) => links)), book],
  );
  await tx.query(
    `insert into svc_peeps.tag (person_id, tag, source)
      select distinct person_id, tag, $2 from jsonb_to_recordset($1::jsonb) as r (person_id uuid, tag text)
      on conflict do nothing`,
    [rows(of(({ tags }) => tags.map((tag) => ({ tag })))), book],
  );
}

function rowsOf(cards: readonly PreparedContact[]): (list: (contact: Contact) => readonly object[]) => object[] {
  return (list) =>
    cards.flatMap(({ contact, personId, key }) =>
      list(contact).map((row) => ({ person_id: personId, card: key, ...row })),
    );
}

async function writePeople(
  tx: Sql,
  cards: readonly PreparedContact[],
  { book, at }: { book: string; at: Date },
): Promise<void> {
  const people = cards.map(({ contact, personId, nameKey, isNew }) => ({
    id: personId,
    is_new: isNew,
    kind: contact.kind === "organization" ? "organization" : "person",
    is_partial: contact.isPartial ?? false,
    name: contact.name.full,
    name_key: nameKey,
    ...nameSounds(contact.name.full),
    days: contact.keepInTouchDays ?? null,
    spoken_at: lastContactOf(contact),
  }));
  await tx.query(
    `insert into svc_peeps.person (id, root, kind, is_listed, is_partial, name, name_key, name_source, name_sound, long_sound, keep_in_touch_days, last_contact_at, created_at)
      select id, id, kind, true, is_partial, name, name_key, $3, sound, long, days, spoken_at, $2
        from jsonb_to_recordset($1::jsonb) as r (id uuid, kind text, is_partial boolean, name text, name_key text, sound text, long text, days integer, spoken_at timestamptz)`,
    [rows(people.filter(({ is_new: isNew }) => isNew)), at, book],
  );
  await tx.query(
    `update svc_peeps.person p set is_listed = true, revision = revision + 1, keep_in_touch_days = coalesce(p.keep_in_touch_days, r.days),
        last_contact_at = greatest(p.last_contact_at, r.spoken_at)
      from jsonb_to_recordset($1::jsonb) as r (id uuid, days integer, spoken_at timestamptz) where p.id = r.id`,
    [rows(people.filter(({ is_new: isNew }) => !isNew))],
  );
}

/** What a card says once more replaces what it said; one that says nothing of it leaves it. */
async function replace(
  tx: Sql,
  target: string,
  select: string,
  { book, at, rows: given }: { book: string; at: Date; rows: readonly object[] },
): Promise<void> {
  if (given.length === 0) return;
  const said = [...new Set(given.map((row) => (row as { card: string }).card))];
  const table = target.slice(0, target.indexOf(" "));
  await tx.query(`delete from svc_peeps.${table} where source = $2 and card <> '' and card = any ($1::text[])`, [
    said,
    book,
  ]);
  await tx.query(`insert into svc_peeps.${target} ${select}`, [rows(given), book, at]);
}

function fieldsOf({
  name,
  organization,
  department,
  title,
  gender,
  kind,
  photo,
  rest,
}: Contact): { name: string; value: string }[] {
  const said: [string, string | undefined][] = [
    ["name", name.full],
    ["given name", name.given],
    ["middle name", name.middle],
    ["family name", name.family],
    ["prefix", name.prefix],
    ["suffix", name.suffix],
    ["nickname", name.nicknames.join(", ")],
    ["organization", kind === "organization" ? undefined : organization],
    ["department", department],
    ["title", title],
    ["gender", gender],
    ["other", rest.join("\n")],
    ["picture", photo === undefined ? undefined : "url" in photo ? photo.url : pictureName(photo.bytes)],
  ];
  return said.flatMap(([field, value]) => (value === undefined || value === "" ? [] : [{ name: field, value }]));
}

/** What was said in calls and meetings stands under its own time. */
function notesOf({ notes, interactions = [] }: Contact): { text: string; at?: string }[] {
  const spoken = interactions.flatMap(({ kind, text, at }) =>
    text === undefined ? [] : [{ text: `${kind}: ${text}`, at }],
  );
  return [...notes.map((text) => ({ text })), ...spoken];
}

function lastContactOf({ interactions = [] }: Contact): string | null {
  return (
    interactions
      .map(({ at }) => at)
      .sort()
      .at(-1) ?? null
  );
}

function handleRows(cards: readonly PreparedContact[]): object[] {
  const seen = new Set<string>();
  return cards.flatMap(({ personId, handles }) =>
    handles.flatMap(({ kind, norm, raw, label, isPreferred, isBusiness }) => {
      if (seen.has(`${kind} ${norm}`)) return [];
      seen.add(`${kind} ${norm}`);
      return [
        {
          id: createId(),
          person_id: personId,
          kind,
          norm,
          raw,
          label,
          is_preferred: isPreferred,
          is_business: isBusiness,
        },
      ];
    }),
  );
}
