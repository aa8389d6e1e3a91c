/** Cursors: the position of a row in its list's order, as JSON in base64url. Opaque to clients. */
import { RoostError } from "@roost/base/browser";
import type { z } from "zod";

export function formatCursor(place: unknown): string {
  const bytes = new TextEncoder().encode(JSON.stringify(place));
  const text = btoa(String.fromCharCode(...bytes));
  return text.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

/**
 * Parses a cursor of this list.
 * @throws RoostError `invalid_input` for a text that this list did not issue
 */
export function parseCursor<Place extends z.ZodType>(place: Place, cursor: string): z.output<Place> {
  const parsed = place.safeParse(decode(cursor));
  if (parsed.success) return parsed.data;
  throw new RoostError(
    "invalid_input",
    `"${cursor.slice(0, 64)}" is not a cursor of this list: pass \`next\` of the page before`,
  );
}

function decode(cursor: string): unknown {
  try {
    const text = atob(cursor.replaceAll("-", "+").replaceAll("_", "/"));
    const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0));
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return undefined; // Refused by the schema below.
  }
}
