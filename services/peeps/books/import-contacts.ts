/**
 * Contacts of a book as people. A card is who its key says, else who has one of its handles and the same name, else
 * a new person: a name alone never makes two one. A card that says what it said last time costs one look; blanks
 * overwrite nothing, and what a person typed stays before what a book says.
 */
import { createId } from "@roost/base";
import type { Sql } from "@roost/database";
import type { Contact } from "../contacts/contact.ts";
import { fitContact } from "../contacts/fit-contact.ts";
import { pictureName } from "../contacts/picture.ts";
import { lockIdentity } from "../people/lock-identity.ts";
import { isSameName, nameKey } from "../people/name-key.ts";
import { normalizeHandle, type Handle } from "../people/normalize-handle.ts";
import { hashOf } from "../text/hash-of.ts";
import { writeContacts, type PreparedContact } from "./write-contacts.ts";

export interface ImportOptions {
  /** Of the book: cards of the same book and key are the same. */
  book: string;
  region: string | undefined;
  at: Date;
}

export interface ImportCounts {
  added: number;
  changed: number;
  unchanged: number;
}

interface KnownHandle {
  kind: string;
  norm: string;
  /** Whose row it is; who they are now says the name. */
  personId: string;
  nameKey: string;
  isListed: boolean;
  isBusiness: boolean;
  isShared: boolean;
}

/** One transaction's worth; relations to people of the same book are written by `relateContacts` when all are in. */
export async function importContacts(
  tx: Sql,
  contacts: readonly Contact[],
  options: ImportOptions,
): Promise<ImportCounts & { written: readonly PreparedContact[] }> {
  await lockIdentity(tx);
  const cards = contacts.filter(({ kind }) => kind !== "group").map((contact) => prepare(fitContact(contact), options));
  const known = await readKnown(tx, cards, options.book);
  const handles = await readHandles(tx, cards);
  const written: PreparedContact[] = [];
  const shared = new Set<string>();
  let unchanged = 0;
  for (const card of cards) {
    const last = known.get(card.key);
    if (last?.hash === card.hash) {
      unchanged += 1;
      continue;
    }
    const personId = last?.personId ?? personOf(card, handles, shared);
    const one = { ...card, personId: personId ?? createId(), isNew: personId === undefined };
    known.set(card.key, { personId: one.personId, hash: card.hash });
    for (const { kind, norm, isBusiness } of card.handles) {
      const key = `${kind} ${norm}`;
      if (!handles.has(key))
        handles.set(key, {
          kind,
          norm,
          personId: one.personId,
          nameKey: card.nameKey,
          isListed: true,
          isBusiness,
          isShared: false,
        });
    }
    written.push(one);
  }
  await writeContacts(tx, written, { ...options, shared: [...shared] });
  const added = written.filter(({ isNew }) => isNew).length;
  return { added, changed: written.length - added, unchanged, written };
}

type Prepared = Omit<PreparedContact, "personId" | "isNew">;

function prepare(contact: Contact, { region }: ImportOptions): Prepared {
  const found = new Map<string, Handle & { label: string | undefined; isPreferred: boolean }>();
  for (const { kind, service, value, label, isPreferred } of contact.handles) {
    const handle = normalizeHandle({ kind, value, service }, { region });
    if (handle !== undefined && !found.has(`${kind} ${handle.norm}`))
      found.set(`${kind} ${handle.norm}`, { ...handle, label, isPreferred });
  }
  const handles = [...found.values()];
  const hash = hashOf({
    ...contact,
    photo: contact.photo !== undefined && "bytes" in contact.photo ? pictureName(contact.photo.bytes) : contact.photo,
  });
  // Without an id of its own a card is known by its name and handles.
  const key =
    contact.key ?? `hash:${hashOf({ name: contact.name.full, handles: handles.map(({ norm }) => norm).sort() })}`;
  return { contact, key, hash, nameKey: nameKey(contact.name.full), handles };
}

/** The person of a handle, where the names agree or only messages knew them. Otherwise the handle is of several. */
function personOf(card: Prepared, handles: ReadonlyMap<string, KnownHandle>, shared: Set<string>): string | undefined {
  let found: string | undefined;
  for (const { kind, norm } of card.handles) {
    const known = handles.get(`${kind} ${norm}`);
    if (known === undefined || known.isBusiness || known.isShared) continue;
    if (!known.isListed || isSameName(card.nameKey, known.nameKey)) found ??= known.personId;
    else shared.add(`${kind} ${norm}`);
  }
  return found;
}

async function readKnown(
  tx: Sql,
  cards: readonly Prepared[],
  book: string,
): Promise<Map<string, { personId: string; hash: string }>> {
  const rows = await tx.query<{ key: string; personId: string; hash: string }>(
    `select key, person_id as "personId", hash from svc_peeps.source_key where source = $1 and key = any ($2::text[])`,
    [book, cards.map(({ key }) => key)],
  );
  return new Map(rows.map(({ key, ...row }) => [key, row]));
}

async function readHandles(tx: Sql, cards: readonly Prepared[]): Promise<Map<string, KnownHandle>> {
  const wanted = cards.flatMap(({ handles }) => handles);
  const rows = await tx.query<KnownHandle>(
    `select h.kind, h.norm, h.person_id as "personId", r.name_key as "nameKey", r.is_listed as "isListed", h.is_business as "isBusiness", h.is_shared as "isShared"
      from unnest($1::text[], $2::text[]) as wanted (kind, norm)
        join svc_peeps.handle h on h.kind = wanted.kind and h.norm = wanted.norm
        join svc_peeps.person p on p.id = h.person_id
        join svc_peeps.person r on r.id = p.root`,
    [wanted.map(({ kind }) => kind), wanted.map(({ norm }) => norm)],
  );
  return new Map(rows.map((row) => [`${row.kind} ${row.norm}`, row]));
}
