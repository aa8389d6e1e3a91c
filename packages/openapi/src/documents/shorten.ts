import type { JsonValue } from "@roost/base";
import { clipText } from "@roost/contract/operations";

/** The first paragraph of a description, without markup; a model reads it with each tool. */
export function shorten(text: JsonValue | undefined, charsMax: number): string {
  if (typeof text !== "string") return "";
  const plain = text
    .replaceAll(/<[^>]{1,200}>/g, " ")
    .replaceAll(/\[([^\]]{1,200})\]\([^)]{1,500}\)/g, "$1")
    .trim()
    .split(/\n\s*\n/)[0]!
    .replaceAll(/\s+/g, " ");
  return clipText(plain.toWellFormed(), charsMax);
}
