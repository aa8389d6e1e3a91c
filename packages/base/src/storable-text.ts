/**
 * What every store of Roost can hold: text without NUL and lone surrogates (PostgreSQL refuses both in text and in jsonb). The only place of this
 * rule. Invalid input of people and programs is refused; text of models and tools is repaired.
 */
// tidy: one rule, to check and to apply.
import type { JsonValue } from "./json-value.ts";

export const storableRule = "must not have a NUL character or half of a surrogate pair";

/**
 * Characters that names, titles and keys do not have: controls, separators of lines and paragraphs, and marks that turn the direction of the text
 * after them (U+202A to U+202E, U+2066 to U+2069), by which a name can pass for another. Written for a class of a regular expression.
 */
export const hiddenCharacters = "\\u0000-\\u001f\\u007f-\\u009f\\u2028\\u2029\\u202a-\\u202e\\u2066-\\u2069";
export const lineRule = "must be one line without control characters and marks that turn the direction of text";

const hidden = new RegExp(`[${hiddenCharacters}]`);

/** Whether text can be a name: storable, and one line that looks like what it is. */
export function isPlainLine(text: string): boolean {
  return !hidden.test(text) && text.isWellFormed();
}

const hiddenAll = new RegExp(hidden, "g");
const hiddenInText = new RegExp(`(?!\\n|\\t|\\r\\n)${hidden.source}`, "g");

/** As it is shown to a person who decides by it: what hides or turns text stands there as its escape. Line breaks and tabs stay. */
export function visibleText(text: string): string {
  return text.replaceAll(hiddenInText, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** A name that comes from elsewhere, as a plain line of at most so many characters; undefined where nothing is left of it. */
export function repairedLine(text: string, charsMax: number): string | undefined {
  return text.toWellFormed().replaceAll(hiddenAll, "\ufffd").slice(0, charsMax).toWellFormed() || undefined;
}

export function isStorableText(text: string): boolean {
  return !text.includes("\0") && text.isWellFormed();
}

/** Replaces what cannot be stored by U+FFFD. */
export function storableText(text: string): string {
  return text.toWellFormed().replaceAll("\0", "\ufffd");
}

// JSON.stringify escapes a NUL and a lone surrogate, and keeps a pair as it is; an escaped backslash may come before.
const unstorableEscape = /(?<!\\)(?:\\\\)*\\u(?:0000|d[89a-f][0-9a-f]{2})/i;

/** Whether JSON text, as written by JSON.stringify, holds an escape that PostgreSQL refuses. */
export function isStorableJson(json: string): boolean {
  return !(json.includes("\\u") && unstorableEscape.test(json));
}

/** Makes all texts in a value, names of fields included, storable. Returns the value itself when nothing changes. */
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

/** Paths (`inputs[0].file`) of texts and names that cannot be stored, at most `limit`. */
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
