/** A value that survives JSON.stringify and JSON.parse unchanged. */
export type JsonValue = null | boolean | number | string | JsonValue[] | { [key: string]: JsonValue };

export type JsonObject = { [key: string]: JsonValue };

/** A JSON object that is about to be written: JSON.stringify leaves out fields that are undefined. */
export type JsonFields = { [key: string]: WritableJson | undefined };

type WritableJson = null | boolean | number | string | WritableJson[] | JsonFields;

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** An object without fields for what is none. */
export function jsonObjectOf(value: unknown): JsonObject {
  return isJsonObject(value) ? value : {};
}
