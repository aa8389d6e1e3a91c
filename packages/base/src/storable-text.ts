/**
 * What every store of Roost can hold: text without NUL and without half a surrogate pair (PostgreSQL refuses both in text and in
 * jsonb). The one place of this rule. Input from people and programs is refused by it; what models and tools say is replaced.
 */
// tidy: one rule, to ask and to apply.
import type { JsonValue } from "./json-value.ts";

export const storableRule = "must not have a NUL character or half of a surrogate pair";

export function isStorableText(text: string): boolean {
  return !text.includes("\0") && text.isWellFormed();
}

/** The text with U+FFFD in place of what cannot be stored. */
export function storableText(text: string): string {
  return text.toWellFormed().replaceAll("\0", "\ufffd");
}

// JSON.stringify writes a NUL and a lone surrogate as an escape, and a whole pair as itself; an escaped backslash may stand before.
const unstorableEscape = /(?<!\\)(?:\\\\)*\\u(?:0000|d[89a-f][0-9a-f]{2})/i;

/** Whether JSON text, as JSON.stringify writes it, holds an escape that PostgreSQL refuses. */
export function isStorableJson(json: string): boolean {
  return !(json.includes("\\u") && unstorableEscape.test(json));
}

/** The value with each text in it, names of fields included, made storable. What has nothing to replace is returned as it is. */
export function storableValue(value: JsonValue): JsonValue {
  return isStorableJson(JSON.stringify(value)) ? value : replaced(value);
}

function replaced(value: JsonValue): JsonValue {
  if (typeof value === "string") return storableText(value);
  if (Array.isArray(value)) return value.map(replaced);
  if (value === null || typeof value !== "object") return value;
  if (typeof (value as { toJSON?: unknown }).toJSON === "function")
    return replaced((value as unknown as { toJSON(): JsonValue }).toJSON());
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [storableText(name), replaced(field)]));
}

/** Paths (`inputs[0].file`) of the texts and names in a value that cannot be stored, at most `limit` of them. */
export function findUnstorable(value: unknown, limit = 10): string[] {
  const found: string[] = [];
  visit(value, "");
  return found;

  function visit(part: unknown, path: string): void {
    if (found.length >= limit) return;
    if (typeof part === "string") {
      if (!isStorableText(part)) found.push(path);
    } else if (Array.isArray(part)) {
      for (const [index, item] of part.entries()) visit(item, `${path}[${index}]`);
    } else if (typeof part === "object" && part !== null) {
      for (const [name, field] of Object.entries(part)) {
        const below = `${path}${path === "" ? "" : "."}${storableText(name)}`;
        if (isStorableText(name)) visit(field, below);
        else if (found.length < limit) found.push(below);
      }
    }
  }
}
