/** A book of contacts in any of the formats that are read, told apart by what stands in it. */
import { RoostError } from "@roost/base";
import { cardContact } from "../cards/card-contact.ts";
import { readCards } from "../cards/read-cards.ts";
import type { Book } from "../contacts/book.ts";
import { isGoogleTable, readGoogleContacts } from "../csv/google-contacts.ts";
import { withEnglishColumns } from "../csv/with-english-columns.ts";
import { isOutlookTable, readOutlookContacts } from "../csv/outlook-contacts.ts";
import { readTable } from "../csv/read-table.ts";
import { readMonica } from "../monica/read-monica.ts";
import { decodeText } from "../text/decode-text.ts";

const headBytesMax = 4_096;

/** @throws RoostError `invalid_input`: it is none of these; the message says what it looks like. */
export function readBook(bytes: Uint8Array): Book {
  const head = decodeText(bytes.subarray(0, headEnd(bytes))).trimStart();
  if (/^BEGIN:VCARD/im.test(head)) return readCardBook(bytes);
  if (head.startsWith("{")) return readMonica(decodeText(bytes));
  const table = readTable(bytes);
  if (isGoogleTable(table)) return readGoogleContacts(table);
  const ofOutlook = withEnglishColumns(table);
  if (isOutlookTable(ofOutlook)) return readOutlookContacts(ofOutlook);
  const columns = table.columns.slice(0, 6).join(", ");
  throw new RoostError(
    "invalid_input",
    columns === ""
      ? "the file is empty"
      : `the file is no vCard, no CSV of Google or Outlook (with columns in English, German or French) and no Monica export; its first line is "${columns.slice(0, 200)}"`,
  );
}

/** Before a character of UTF-8, of which a part would make all of it look like another charset. */
function headEnd(bytes: Uint8Array): number {
  let end = Math.min(headBytesMax, bytes.length);
  while (end > 0 && (bytes[end] ?? 0) >> 6 === 0b10) end -= 1;
  return end;
}

function readCardBook(bytes: Uint8Array): Book {
  const book: Book = { contacts: [], faults: [] };
  for (const found of readCards(bytes)) {
    if ("fault" in found) {
      book.faults.push(found.fault);
      continue;
    }
    const contact = cardContact(found.card);
    if (contact === undefined)
      book.faults.push({ line: found.card.line, reason: "begins a card without a name, e-mail or phone" });
    else book.contacts.push(contact);
  }
  return book;
}
