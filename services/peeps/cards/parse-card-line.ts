/**
 * One property of a vCard from its logical line: `item1.TEL;TYPE="cell,voice";PREF=1:+31 6 1234`. Parameters without a
 * name (vCard 2.1), quoted lists (version 3 on phones) and carets (RFC 6868) are all read; the charset is the
 * property's own, then UTF-8, then Windows-1252, which are the ones found in files.
 */
import { decodeBytes } from "../text/decode-text.ts";
import type { CardLine } from "./read-card-lines.ts";

export interface CardProperty {
  /** In capitals: `TEL`, `X-ABLABEL`. */
  name: string;
  /** Ties properties together: `item1` of `item1.TEL` and `item1.X-ABLabel`. In small letters. */
  group: string | undefined;
  /** By name in capitals; TYPE in small letters. */
  params: ReadonlyMap<string, readonly string[]>;
  /** Decoded, still escaped (`\,` `\;` `\n`). Empty where the value is bytes. */
  value: string;
  /** Of a base64 value. */
  bytes: Uint8Array | undefined;
  line: number;
}

/** Undefined: the line is not a property. */
export function parseCardLine({ number, text }: CardLine): CardProperty | undefined {
  const colon = endOfHead(text);
  if (colon < 1) return undefined;
  const [first = "", ...rest] = splitOutsideQuotes(text.slice(0, colon), ";");
  const dot = first.lastIndexOf(".");
  const name = first
    .slice(dot + 1)
    .trim()
    .toUpperCase();
  if (!/^[A-Z0-9_-]+$/.test(name)) return undefined;
  const params = readParams(rest);
  const raw = text.slice(colon + 1);
  const encoding = params.get("ENCODING")?.at(-1)?.toUpperCase();
  const isBinary = encoding === "BASE64" || encoding === "B";
  const charset = params.get("CHARSET")?.[0];
  return {
    name,
    group: dot > 0 ? first.slice(0, dot).trim().toLowerCase() : undefined,
    params,
    value: isBinary ? "" : decode(encoding === "QUOTED-PRINTABLE" ? fromQuotedPrintable(raw) : raw, charset).trim(),
    bytes: isBinary ? Buffer.from(raw, "base64") : undefined,
    line: number,
  };
}

/** The parts of a structured value (`N`, `ADR`, `ORG`), unescaped. */
export function splitCardValue(value: string, separator: ";" | ","): string[] {
  const parts = [""];
  for (const [token] of value.matchAll(/\\[^]|[^]/g)) {
    if (token === separator) parts.push("");
    else parts[parts.length - 1] += token;
  }
  return parts.map(unescapeCardText);
}

/** `Smith\, Jones\nLondon` as it reads. */
export function unescapeCardText(value: string): string {
  return value.replaceAll(/\\([^])/g, (_, char: string) => (char === "n" || char === "N" ? "\n" : char)).trim();
}

/** The first colon outside quotes; the very first where quotes never close. */
function endOfHead(text: string): number {
  let isQuoted = false;
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] === '"') isQuoted = !isQuoted;
    else if (text[at] === ":" && !isQuoted) return at;
  }
  return text.indexOf(":");
}

function readParams(parts: readonly string[]): Map<string, string[]> {
  const params = new Map<string, string[]>();
  for (const part of parts) {
    const equals = part.startsWith(ownLabel) ? -1 : part.indexOf("=");
    const isBare = equals < 0;
    const value = isBare ? fromOwnLabel(part.trim()) : part.slice(equals + 1);
    if (value === "" && isBare) continue;
    const name = isBare ? nameOfBare(value) : part.slice(0, equals).trim().toUpperCase();
    const values = splitOutsideQuotes(value, ",").flatMap((item) => readParamValue(item, name === "TYPE"));
    params.set(name, [...(params.get(name) ?? []), ...values]);
  }
  return params;
}

/** What a person called it, as Android writes it in a parameter of version 2.1: `X-CUSTOM(CHARSET=UTF-8,ENCODING=QUOTED-PRINTABLE,=44)`, `X-Shop`. */
const ownLabel = "X-CUSTOM(";

function fromOwnLabel(text: string): string {
  const coded = /^X-CUSTOM\((?:[\w-]+=[\w-]+,)*(.*)\)$/i.exec(text)?.[1];
  return coded === undefined ? text.replace(/^X-/i, "") : fromQuotedPrintable(coded);
}

/** vCard 2.1 leaves the names of its parameters out. */
function nameOfBare(value: string): string {
  if (/^(?:quoted-printable|base64|b|7bit|8bit)$/i.test(value)) return "ENCODING";
  return /^(?:inline|url|content-id|cid)$/i.test(value) ? "VALUE" : "TYPE";
}

function readParamValue(item: string, isType: boolean): string[] {
  const text = decode(item.trim().replaceAll(/^"|"$/g, ""), undefined).replaceAll(/\^([n'^])/g, (_, char: string) =>
    char === "n" ? "\n" : char === "'" ? '"' : "^",
  );
  return isType ? text.split(",").map((type) => type.trim().toLowerCase()) : [text];
}

function splitOutsideQuotes(text: string, separator: string): string[] {
  const parts: string[] = [];
  let isQuoted = false;
  let start = 0;
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] === '"') isQuoted = !isQuoted;
    else if (text[at] === separator && !isQuoted) {
      parts.push(text.slice(start, at));
      start = at + 1;
    }
  }
  return [...parts, text.slice(start)];
}

/** RFC 2045 section 6.7; what is not a code stays as it is. Lines end by a line feed alone. */
function fromQuotedPrintable(text: string): string {
  return text
    .replaceAll(/=\s*$/g, "")
    .replaceAll(/=([0-9A-F]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    .replaceAll("\r\n", "\n");
}

function decode(latin1: string, charset: string | undefined): string {
  // eslint-disable-next-line no-control-regex
  if (/^[\x00-\x7f]*$/.test(latin1)) return latin1;
  return decodeBytes(Buffer.from(latin1, "latin1"), charset);
}
