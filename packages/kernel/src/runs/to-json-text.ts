import { RoostError } from "@roost/base";

/** Escapes that PostgreSQL refuses in jsonb; a cheap look before the exact treatment. */
const unstorable = /\\u0000|\\ud[89a-f]/i;

/**
 * A value as JSON that jsonb takes: NUL and lone surrogates, which PostgreSQL refuses and tools do produce, become U+FFFD.
 * `undefined` is null.
 *
 * @throws RoostError `limit_exceeded` when the text is longer than `bytesMax`
 */
export function toJsonText(value: unknown, options: { what: string; bytesMax: number }): string {
  let text = JSON.stringify(value ?? null) ?? "null";
  if (unstorable.test(text)) text = JSON.stringify(storable(value));
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

function storable(value: unknown): unknown {
  if (typeof value === "string") return value.toWellFormed().replaceAll("\u0000", "\ufffd");
  if (Array.isArray(value)) return value.map(storable);
  if (value === null || typeof value !== "object") return value;
  if (typeof (value as { toJSON?: unknown }).toJSON === "function")
    return storable((value as { toJSON(): unknown }).toJSON());
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [storable(key), storable(item)]));
}
