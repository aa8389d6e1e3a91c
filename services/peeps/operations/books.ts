/** Books of contacts, in and out. */
import { createId, RoostError } from "@roost/base";
import { serve, type Content } from "@roost/contract";
import type { ServiceContext } from "@roost/service";
import { importContacts as importBatch } from "../books/import-contacts.ts";
import { readBook } from "../books/read-book.ts";
import { relateContacts } from "../books/relate-contacts.ts";
import { closeContacts, type PreparedContact } from "../books/write-contacts.ts";
import { writeCard } from "../cards/write-card.ts";
import { writeGoogleHead, writeGoogleContact } from "../csv/write-google-contact.ts";
import { contactsImported } from "../contract/peeps-events.ts";
import { exportContacts, getPicture, importContacts } from "../contract/messages.ts";
import { suggestMerges } from "../people/suggest-merges.ts";
import { readContacts } from "../books/read-contacts.ts";
import { rootOf } from "../records/read-person.ts";
import { isAuthor } from "../said/labels-of.ts";

/** A transaction has five seconds; a card takes well under a millisecond. */
const batchMax = 500;
const analysedMin = 1000;
const faultsShownMax = 100;
/** Of one part, where it is not one card alone. */
const exportedBytes = 8 * 1024 * 1024;
/** People whose notes and pictures are held at once. */
const readMax = 50;

export const serveBooks = (context: ServiceContext) => [...serveImports(context), ...serveExports(context)];

const serveImports = ({ database, clock }: ServiceContext) => [
  serve(importContacts, async ({ book: file, name: book, region }) => {
    if (isAuthor(book))
      throw new RoostError("invalid_input", `name: "${book}" stands for what is said here, give the book another`);
    const { contacts, faults } = readBook(file.bytes);
    const at = new Date(clock.nowMs());
    const counts = { added: 0, changed: 0, unchanged: 0 };
    const written: PreparedContact[] = [];
    for (let from = 0; from < contacts.length; from += batchMax) {
      const batch = contacts.slice(from, from + batchMax);
      const done = await database.transact((tx) => importBatch(tx, batch, { book, region, at }));
      counts.added += done.added;
      counts.changed += done.changed;
      counts.unchanged += done.unchanged;
      written.push(...done.written);
    }
    // Tables that have just been filled are planned for as if they were empty.
    if (counts.added > analysedMin)
      for (const table of ["person", "field", "handle", "important_date", "source_key"])
        await database.query(`analyze svc_peeps.${table}`);
    let suggestions = 0;
    for (let from = 0; from < written.length; from += batchMax) {
      const batch = written.slice(from, from + batchMax);
      suggestions += await database.transact(async (tx) => {
        await relateContacts(tx, batch, { book, at });
        const found = await suggestMerges(
          tx,
          batch.map(({ personId }) => personId),
          at,
        );
        await closeContacts(tx, batch, book);
        return found;
      });
    }
    if (written.length > 0 || faults.length > 0)
      await database.transact(async (tx) => {
        tx.emit(contactsImported, {
          subject: book,
          data: { book, ...counts, refused: faults.length },
          correlation: createId(),
        });
      });
    const shown = faults
      .slice(0, faultsShownMax)
      .map(({ line, reason }) => ({ line: line ?? null, reason: reason.slice(0, 500) }));
    return { ...counts, suggestions, faults: shown, refused: faults.length };
  }),
];

const serveExports = ({ database }: ServiceContext) => [
  serve(exportContacts, async ({ after, format }) => {
    const parts: Buffer[] = [];
    if (format === "csv" && after === undefined) parts.push(Buffer.from(writeGoogleHead()));
    let size = 0;
    for (let last = after; size < exportedBytes;) {
      const contacts = await readContacts(database, { after: last, limit: readMax });
      for (const contact of contacts) {
        const part = Buffer.from(format === "csv" ? writeGoogleContact(contact) : writeCard(contact));
        if (size > 0 && size + part.length > exportedBytes) return toFile(format, parts);
        parts.push(part);
        size += part.length;
        last = contact.key;
      }
      if (contacts.length < readMax) break;
    }
    return toFile(format, parts);
  }),
  serve(getPicture, async ({ personId }) => {
    const root = await rootOf(database, personId);
    const [picture] = await database.query<{ mediaType: string; bytes: Buffer }>(
      `select p.media_type as "mediaType", p.bytes from svc_peeps.person m
          join svc_peeps.field f on f.person_id = m.id and f.name = 'picture' join svc_peeps.picture p on p.name = f.value
        where m.root = $1 order by f.origin, f.person_id <> m.root, f.at desc limit 1`,
      [root],
    );
    if (picture === undefined) throw new RoostError("not_found", "no book has a picture of this person");
    return { mediaType: picture.mediaType, bytes: new Uint8Array(picture.bytes) };
  }),
];

function toFile(format: "csv" | "vcard", parts: readonly Buffer[]): Content {
  return { mediaType: format === "csv" ? "text/csv" : "text/vcard", bytes: new Uint8Array(Buffer.concat(parts)) };
}
