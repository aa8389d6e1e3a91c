/** Of a book, as much as one call takes. */
export interface CardPart {
  /** Undefined: a file has no name of its own. */
  book?: string | undefined;
  cards: Uint8Array<ArrayBuffer>;
  /** Lines before it. */
  line: number;
}

/** Of what is handed on at once. */
export const partBytesMax = 8 * 1024 * 1024;

const end = "\nEND:VCARD";
const lineFeed = 10;

/** A file in parts of whole cards: with pictures a book is larger than one call takes. What has no cards is one part. */
export function* splitCards(bytes: Uint8Array<ArrayBuffer>, bytesMax: number): Generator<CardPart> {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let [from, line] = [0, 0];
  while (file.length - from > bytesMax) {
    const last = file.lastIndexOf(end, from + bytesMax - end.length);
    const until = last < from ? -1 : file.indexOf(lineFeed, last + 1) + 1;
    if (until <= from) break;
    const cards = bytes.subarray(from, until);
    yield { cards, line };
    for (const byte of cards) if (byte === lineFeed) line += 1;
    from = until;
  }
  yield { cards: bytes.subarray(from), line };
}
