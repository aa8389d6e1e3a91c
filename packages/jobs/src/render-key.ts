import { createHash } from "node:crypto";
import type { JsonObject, JsonValue } from "@roost/base";
import { runLimits } from "@roost/kernel";

/**
 * The key of a start limit: a text in which `{event.data.customer}` stands for what the run's input has at this path, and nothing for what it has
 * not. A key that becomes too long keeps its beginning and a hash of all of it.
 */
export function renderKey(template: string, input: JsonObject): string {
  const key = template.replace(/\{([^{}]+)\}/g, (_match, path: string) => textOf(valueAt(input, path)));
  if (key.length <= runLimits.startLimitKeyCharsMax) return key === "" ? "-" : key;
  const hash = createHash("sha256").update(key).digest("hex").slice(0, 32);
  return `${key.slice(0, runLimits.startLimitKeyCharsMax - hash.length - 1).toWellFormed()}:${hash}`;
}

function valueAt(input: JsonObject, path: string): JsonValue | undefined {
  let value: JsonValue | undefined = input;
  for (const name of path.split(".")) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as JsonObject)[name];
  }
  return value;
}

function textOf(value: JsonValue | undefined): string {
  if (value === undefined || value === null) return "";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
