/** Books of contacts, in and out. */
import { createId } from "@roost/base";
import { serve } from "@roost/contract";
import type { ServiceContext } from "@roost/service";
import { importContacts as importBatch } from "../books/import-contacts.ts";
import { readBook } from "../books/read-book.ts";
import { relateContacts } from "../books/relate-contacts.ts";
import { closeContacts, type PreparedContact } from "../books/write-contacts.ts";
import { writeCard } from "../cards/write-card.ts";
import { contactsImported } from "../contract/peeps-events.ts";
import { exportContacts, importContacts } from "../contract/messages.ts";
import { suggestMerges } from "../people/suggest-merges.ts";
import { readContacts } from "../books/read-contacts.ts";

/** A transaction has five seconds; a card takes well under a millisecond. */
const batchMax = 500;
const analysedMin = 1000;
const faultsShownMax = 100;
const exportedMax = 1000;

export const serveBooks = ({ database, clock }: ServiceContext) => [
  serve(importContacts, async ({ book: file, name: book, region }) => {
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
  serve(exportContacts, async ({ after }) => {
    const contacts = await readContacts(database, { after, limit: exportedMax });
    return { mediaType: "text/vcard", bytes: Buffer.from(contacts.map(writeCard).join("")) };
  }),
];
