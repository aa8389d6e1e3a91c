/** The one form of a cursor: the place of a row in its list's order, as JSON in base64url. Readers take it as it is. */
import { RoostError } from "@roost/base/browser";
import type { z } from "zod";

export function formatCursor(place: unknown): string {
  const bytes = new TextEncoder().encode(JSON.stringify(place));
  const text = btoa(String.fromCharCode(...bytes));
  return text.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

/**
 * The place that a cursor of this list names.
 * @throws RoostError `invalid_input` for a text that this list did not give out
 */
export function parseCursor<Place extends z.ZodType>(place: Place, cursor: string): z.output<Place> {
  const parsed = place.safeParse(decode(cursor));
  if (parsed.success) return parsed.data;
  throw new RoostError(
    "invalid_input",
    `"${cursor.slice(0, 64)}" is not the end of a page: give what the page before gave as next`,
  );
}

function decode(cursor: string): unknown {
  try {
    const text = atob(cursor.replaceAll("-", "+").replaceAll("_", "/"));
    const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0));
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return undefined; // The schema refuses it.
  }
}
