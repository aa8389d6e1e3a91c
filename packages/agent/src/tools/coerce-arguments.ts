// Turns arguments into what a tool's schema says, where a model plainly meant that: numbers, lists and the like that were written as texts, and null
// for what was left out. Nothing is invented, and a text stays a text where one is taken.

import { isJsonObject, type JsonObject, type JsonValue } from "@roost/base";
import { parseArgumentsText } from "../messages/parse-arguments.ts";

const depthMax = 12;

/** The same value where nothing has to change. */
export function coerceArguments(value: JsonValue, schema: JsonObject, depth = 0): JsonValue {
  const types = typesOf(schema);
  if (depth > depthMax || types === undefined) return value;
  if (typeof value === "string") {
    const coerced = types.has("string") ? matchEnum(value, schema) : fromText(value, types);
    return typeof coerced === "object" && coerced !== null ? coerceArguments(coerced, schema, depth + 1) : coerced;
  }
  if (Array.isArray(value)) {
    const items = branchOf(schema, "array")?.["items"];
    return isJsonObject(items) ? value.map((each) => coerceArguments(each, items, depth + 1)) : value;
  }
  return isJsonObject(value) ? coerceFields(value, branchOf(schema, "object") ?? {}, depth) : value;
}

function coerceFields(value: JsonObject, schema: JsonObject, depth: number): JsonObject {
  const properties = isJsonObject(schema["properties"]) ? schema["properties"] : {};
  const required = Array.isArray(schema["required"]) ? schema["required"] : [];
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, given]): [string, JsonValue][] => {
      const own = Object.hasOwn(properties, name) ? properties[name] : undefined;
      if (!isJsonObject(own)) return [[name, given]];
      const isLeftOut = given === null && !required.includes(name) && typesOf(own)?.has("null") === false;
      return isLeftOut ? [] : [[name, coerceArguments(given, own, depth + 1)]];
    }),
  );
}

/** Undefined: anything is taken. */
function typesOf(schema: JsonObject): Set<JsonValue> | undefined {
  const { type } = schema;
  if (type !== undefined) return new Set(Array.isArray(type) ? type : [type]);
  if (Array.isArray(schema["enum"]))
    return new Set(schema["enum"].map((each) => (each === null ? "null" : typeof each)));
  if ("const" in schema) return new Set([typeof schema["const"]]);
  const branches = branchesOf(schema).map(typesOf);
  if (branches.length === 0 || branches.includes(undefined)) return undefined;
  return new Set(branches.flatMap((each) => [...(each ?? [])]));
}

function branchesOf(schema: JsonObject): JsonObject[] {
  const { anyOf, oneOf } = schema;
  return [...(Array.isArray(anyOf) ? anyOf : []), ...(Array.isArray(oneOf) ? oneOf : [])].filter(isJsonObject);
}

/** The part that describes values of this type, where there is only one. */
function branchOf(schema: JsonObject, type: string): JsonObject | undefined {
  if (schema["type"] === type) return schema;
  const fitting = branchesOf(schema).filter((each) => typesOf(each)?.has(type) === true);
  return fitting.length === 1 ? fitting[0] : undefined;
}

function fromText(text: string, types: ReadonlySet<JsonValue>): JsonValue {
  const plain = text.trim();
  if ((types.has("number") || types.has("integer")) && /^-?\d+(\.\d+)?$/.test(plain)) return Number(plain);
  if (types.has("boolean") && /^(true|false)$/i.test(plain)) return plain.toLowerCase() === "true";
  if (types.has("null") && /^(null|none)$/i.test(plain)) return null;
  const parsed = /^[[{]/.test(plain) ? parseArgumentsText(plain) : undefined;
  if (types.has("array") && Array.isArray(parsed)) return parsed;
  if (types.has("object") && isJsonObject(parsed)) return parsed;
  return types.has("array") && !types.has("object") && parsed === undefined && plain !== "" ? [text] : text;
}

function matchEnum(value: string, { enum: values }: JsonObject): string {
  if (!Array.isArray(values) || values.includes(value)) return value;
  const alike = values.filter((each) => typeof each === "string" && each.toLowerCase() === value.trim().toLowerCase());
  return alike.length === 1 ? (alike[0] as string) : value;
}
