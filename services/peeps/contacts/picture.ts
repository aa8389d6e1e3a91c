/** Pictures of people: what they are is read from their bytes, never from what a card calls them. */
import { createHash } from "node:crypto";
import type { pictureTypes } from "../contract/limits.ts";

/** Undefined: it is none that is shown safely; a drawing that may hold scripts (SVG) is none. */
export function pictureType(bytes: Uint8Array): (typeof pictureTypes)[number] | undefined {
  const head = Buffer.from(bytes.subarray(0, 12)).toString("latin1");
  if (head.startsWith("\u00ff\u00d8\u00ff")) return "image/jpeg";
  if (head.startsWith("\u0089PNG\r\n\u001a\n")) return "image/png";
  if (/^GIF8[79]a/.test(head)) return "image/gif";
  if (/^RIFF[^]{4}WEBP/.test(head)) return "image/webp";
  return /^[^]{4}ftyp(?:heic|heix|mif1)/.test(head) ? "image/heic" : undefined;
}

/** By which a picture is kept once. */
export function pictureName(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}
