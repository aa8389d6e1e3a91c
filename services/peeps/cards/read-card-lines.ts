/**
 * The logical lines of a vCard file as phones and mail programs write them: any line ending, folded by a space, a tab,
 * a soft line break of quoted-printable, or, in pictures, by nothing at all. Text stays in bytes (one character a byte,
 * latin1) until its property has said its charset. RFC 6350 section 3.2, RFC 2426 section 2.6, vCard 2.1 section 2.1.3.
 */

export interface CardLine {
  /** Of the first physical line, from 1. */
  number: number;
  /** One character a byte. */
  text: string;
}

export function* readCardLines(bytes: Uint8Array): Generator<CardLine> {
  let held: HeldLine | undefined;
  let isOld = false;
  let number = 0;
  for (const line of toLatin1(bytes).split(/\r*\n|\r/)) {
    number += 1;
    const last = held?.parts.at(-1) ?? "";
    if (held?.encoding === "quoted-printable" && last.endsWith("=")) {
      held.parts[held.parts.length - 1] = last.slice(0, -1);
      hold(held, line);
    } else if (held !== undefined && /^[ \t]/.test(line)) {
      hold(held, held.encoding === "base64" ? line.trim() : isOld ? line : line.slice(1));
    } else if (held?.encoding === "base64" && /^[\w+/-]+={0,2}$/.test(line)) {
      hold(held, line);
    } else {
      if (held !== undefined) yield { number: held.number, text: held.parts.join("") };
      held =
        line.trim() === "" ? undefined : { number, parts: [line], length: line.length, encoding: encodingOf(line) };
      const version = /^VERSION:\s*([\d.]+)/i.exec(line)?.[1];
      if (version !== undefined) isOld = version.startsWith("2");
    }
  }
  if (held !== undefined) yield { number: held.number, text: held.parts.join("") };
}

/** In parts: a property may be folded a million times, and is looked at once. */
interface HeldLine {
  number: number;
  parts: string[];
  length: number;
  encoding: ReturnType<typeof encodingOf>;
}

/** What stands before the colon, and says the encoding, is short also where it is folded. */
const headCharsMax = 2000;

function hold(held: HeldLine, part: string): void {
  held.parts.push(part);
  held.length += part.length;
  if (held.encoding === undefined && held.length <= headCharsMax) held.encoding = encodingOf(held.parts.join(""));
}

/** Folding knows of two encodings; both are said before the first colon. */
function encodingOf(text: string): "quoted-printable" | "base64" | undefined {
  const head = /^[^:"]*(?:"[^"]*"[^:"]*)*/.exec(text)?.[0] ?? "";
  if (/[;=]QUOTED-PRINTABLE(?:$|[;,])/i.test(head)) return "quoted-printable";
  return /[;=](?:BASE64|B)(?:$|[;,])/i.test(head) ? "base64" : undefined;
}

/** One character a byte; UTF-16 is turned to UTF-8 first, byte order marks are dropped. */
function toLatin1(bytes: Uint8Array): string {
  const [first, second, third] = bytes;
  const isLittle = first === 0xff && second === 0xfe;
  if (isLittle || (first === 0xfe && second === 0xff)) {
    const text = new TextDecoder(isLittle ? "utf-16le" : "utf-16be").decode(bytes);
    return Buffer.from(text, "utf8").toString("latin1");
  }
  const start = first === 0xef && second === 0xbb && third === 0xbf ? 3 : 0;
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, bytes.byteLength - start).toString("latin1");
}
