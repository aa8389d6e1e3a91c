/**
 * The text of an `attributedBody` of chat.db: an NSAttributedString in Apple's typedstream format, whose first string is
 * the text. The string follows the mark 84 01 2B with its length: one byte, 81 and two, or 82 and four, little-endian.
 */
export function decodeAttributedBody(bytes: Uint8Array): string | undefined {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const mark = buffer.indexOf(Buffer.from([0x84, 0x01, 0x2b]));
  if (mark < 0 || mark + 4 > buffer.length) return undefined;
  const at = mark + 3;
  const size = buffer[at] ?? 0;
  const width = size === 0x81 ? 2 : size === 0x82 ? 4 : 0;
  if (at + 1 + width > buffer.length) return undefined;
  const length = width === 0 ? size : buffer.readUIntLE(at + 1, width);
  const start = at + 1 + width;
  return start + length > buffer.length ? undefined : buffer.toString("utf8", start, start + length);
}
