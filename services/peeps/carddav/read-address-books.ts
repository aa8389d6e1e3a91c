/**
 * Address books of a CardDAV server (RFC 6352) as vCards, and nothing is written there.
 */
import { RoostError } from "@roost/base";
import { openDav, type DavServer } from "@roost/sources/dav";
import { partBytesMax } from "../cards/split-cards.ts";

export interface AddressBookPart {
  /** As the server calls the book, unique on it. */
  book: string;
  /** vCards, one after the other. */
  cards: Uint8Array<ArrayBuffer>;
}

/** Of one answer. */
const answerBytesMax = 64 * 1024 * 1024;
const cardsPerCall = 200;
const booksMax = 100;

/** @throws RoostError `forbidden`: the login is refused; `invalid_input`: there is no address book */
export async function* readAddressBooks(
  server: DavServer,
  { signal }: { signal: AbortSignal },
): AsyncGenerator<AddressBookPart> {
  const { url, user } = server;
  const client = await openDav(server, { kind: "carddav", answerBytesMax, signal });
  const books = await client.fetchAddressBooks();
  if (books.length === 0) throw new RoostError("invalid_input", `${url} has no address book for ${user}`);
  for (const addressBook of books.slice(0, booksMax)) {
    const found = await client.addressBookQuery({
      url: addressBook.url,
      props: { "d:getetag": {} },
      filters: { "prop-filter": { _attributes: { name: "FN" } } },
      depth: "1",
    });
    const base = new URL(addressBook.url);
    const paths = found.flatMap(({ href }) => (href === undefined ? [] : [new URL(href, base).pathname]));
    const book = decodeURIComponent(base.pathname).replaceAll(/^\/+|\/+$/g, "");
    let texts: string[] = [];
    let size = 0;
    const part = (): AddressBookPart => ({ book, cards: new Uint8Array(Buffer.from(texts.join("\r\n"))) });
    for (let from = 0; from < paths.length; from += cardsPerCall) {
      const cards = await client.fetchVCards({ addressBook, objectUrls: paths.slice(from, from + cardsPerCall) });
      for (const { data } of cards) {
        if (typeof data !== "string") continue;
        if (size > 0 && size + data.length > partBytesMax) {
          yield part();
          [texts, size] = [[], 0];
        }
        texts.push(data);
        size += data.length;
      }
    }
    if (texts.length > 0) yield part();
  }
}
