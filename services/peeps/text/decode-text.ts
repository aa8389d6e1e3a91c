/** The text of a file by its byte order mark; else UTF-8, else Windows-1252, as spreadsheets write it. */
export function decodeText(bytes: Uint8Array): string {
  const [first, second] = bytes;
  if (first === 0xff && second === 0xfe) return new TextDecoder("utf-16le").decode(bytes);
  if (first === 0xfe && second === 0xff) return new TextDecoder("utf-16be").decode(bytes);
  return decodeBytes(bytes);
}

/** In the charset that is named for them, else as UTF-8, else as Windows-1252. */
export function decodeBytes(bytes: Uint8Array, charset?: string): string {
  for (const label of charset === undefined ? ["utf-8"] : [charset, "utf-8"]) {
    try {
      return new TextDecoder(label, { fatal: true }).decode(bytes);
    } catch {
      continue; // an unknown charset, or bytes that are not of it: the next one is tried
    }
  }
  return new TextDecoder("windows-1252").decode(bytes);
}
