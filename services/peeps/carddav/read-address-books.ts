/**
 * Address books of a CardDAV server (RFC 6352) as vCards, and nothing is written there. The password goes to the server that
 * was named and to hosts of its domain (iCloud has one for each part of its users), over TLS unless it is this machine.
 */
import { limitBytes, RoostError } from "@roost/base";
import { createDAVClient } from "tsdav";
import { isSameDomain } from "../servers/is-same-domain.ts";
import { isThisMachine } from "../servers/is-this-machine.ts";

export interface CardDavServer {
  url: string;
  user: string;
  password: string;
}

export interface AddressBookPart {
  /** As the server calls the book, unique on it. */
  book: string;
  /** vCards, one after the other. */
  cards: Uint8Array<ArrayBuffer>;
}

/** Of one answer. */
const answerBytesMax = 64 * 1024 * 1024;
const answerMsMax = 120_000;
const cardsPerCall = 200;
/** Of what is handed on at once. */
const partBytesMax = 8 * 1024 * 1024;
const booksMax = 100;

/** @throws RoostError `forbidden`: the login is refused; `invalid_input`: there is no address book */
export async function* readAddressBooks(
  server: CardDavServer,
  { signal }: { signal: AbortSignal },
): AsyncGenerator<AddressBookPart> {
  const { url, user, password } = server;
  const client = await createDAVClient({
    serverUrl: url,
    credentials: { username: user, password },
    authMethod: "Basic",
    defaultAccountType: "carddav",
    fetch: guardedFetch(new URL(url), signal),
  }).catch((cause: unknown) => {
    if (cause instanceof RoostError) throw cause;
    throw new RoostError("invalid_input", `${url} has no address book for ${user}: ${messageOf(cause)}`, { cause });
  });
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

function guardedFetch(server: URL, signal: AbortSignal): typeof fetch {
  return async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : String(input));
    if (!isSameDomain(url.hostname, server.hostname))
      throw new RoostError(
        "forbidden",
        `${server.host} leads to ${url.host}, which is not told the password: name that server if it is yours`,
      );
    if (url.protocol !== "https:" && !isThisMachine(url.hostname))
      throw new RoostError("forbidden", `${url.origin} would be told the password without TLS: give an https address`);
    const limits = AbortSignal.any([signal, AbortSignal.timeout(answerMsMax)]);
    const response = await fetch(input, { ...init, signal: limits });
    if (response.status === 401 || response.status === 403)
      throw new RoostError(
        "forbidden",
        `${url.host} refuses the login: look at --user and at the secret that --secret names`,
      );
    if (response.status >= 500 || response.status === 429)
      throw new RoostError("unavailable", `${url.host} answers with ${response.status}: try again later`);
    const refuse = () =>
      new RoostError("limit_exceeded", `${url.host} answers with more than ${answerBytesMax} bytes at once`);
    const parts = await Array.fromAsync(limitBytes(response.body ?? [], { bytesMax: answerBytesMax, refuse }));
    const body = response.status === 204 || response.status === 304 ? null : Buffer.concat(parts);
    const answer = new Response(body, {
      status: response.status,
      statusText: response.statusText,
      headers: response.headers,
    });
    Object.defineProperty(answer, "url", { value: response.url });
    return answer;
  };
}

function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).slice(0, 300);
}
