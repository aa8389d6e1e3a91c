import { isStorableJson, RoostError, storableValue, type JsonValue } from "@roost/base";

/**
 * A value as JSON for jsonb: NUL and lone surrogates, which PostgreSQL refuses and tools do produce, become U+FFFD.
 * `undefined` is null.
 *
 * @throws RoostError `limit_exceeded` when the text is longer than `bytesMax`
 */
export function toJsonText(value: unknown, options: { what: string; bytesMax: number }): string {
  let text = JSON.stringify(value ?? null) ?? "null";
  if (!isStorableJson(text)) text = JSON.stringify(storableValue(value as JsonValue));
  // A UTF-16 unit takes at most 3 bytes: only long texts are measured.
  if (text.length * 3 > options.bytesMax) {
    const bytes = Buffer.byteLength(text);
    if (bytes > options.bytesMax) {
      throw new RoostError(
        "limit_exceeded",
        `${options.what} has ${bytes} bytes (limit ${options.bytesMax}): store it elsewhere and record a reference`,
      );
    }
  }
  return text;
}
