/** What a reader of another home finds, in the order in which it is sent. */
import { createHash } from "node:crypto";
import type { HomeRecordGiven } from "@roost/contract/operations";

import type { Picture } from "./take-pictures.ts";

export type Found =
  /** `pictures`: of a message, sent before it. */
  | {
      found: "record";
      record: HomeRecordGiven;
      /** The file whose bytes it is, as they are. */
      origin?: string | undefined;
      /** The file whose bytes are brought before it. */
      content?: string | undefined;
      pictures?: readonly Picture[] | undefined;
    }
  /** Cannot be read: named, and everything else still comes in. */
  | { found: "refused"; name: string; reason: string }
  /** Has no place here, or is left where it is. */
  | { found: "no-place"; name: string; reason: string }
  /** Stays where it is, or a line that looks like one. */
  | { found: "secret"; name: string; reason: string }
  | { found: "note"; text: string };

export type Finding = AsyncGenerator<Found, void, undefined>;

export const refusedAs = (name: string, reason: string): Found => ({ found: "refused", name, reason });
export const noPlace = (name: string, reason: string): Found => ({ found: "no-place", name, reason });
export const secretAt = (name: string, reason: string): Found => ({ found: "secret", name, reason });
export const noteOf = (text: string): Found => ({ found: "note", text });
export const recordOf = (
  record: HomeRecordGiven,
  of: Pick<Extract<Found, { found: "record" }>, "origin" | "content"> = {},
): Found => ({ found: "record", record, ...of });

/** What is told of a folder, by the name that the whole home has for it. */
export function namedWithin(found: Found, nameOf: (name: string) => string): Found {
  return "name" in found ? { ...found, name: nameOf(found.name) } : found;
}

/** The same id for the same thing at each import: a UUID of its name (version 8). */
export function idOf(...name: readonly string[]): string {
  const hex = createHash("sha256").update(JSON.stringify(name)).digest("hex");
  const variant = ((Number.parseInt(hex[16]!, 16) & 0x3) | 0x8).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
