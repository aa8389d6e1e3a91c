// A tool's schema in a form that every provider takes: without keywords that some refuse (Gemini's frontends know neither $ref nor const) and that
// help a model little. They are still checked at the call.

import type { JsonObject, JsonValue } from "@roost/base";

/** Keywords that stay; all others are left out. */
const kept = new Set(["type", "description", "enum", "items", "properties", "required", "anyOf"]);
const depthMax = 12;
const definitionPath = /^#\/(?:\$defs|definitions)\/(.+)$/;

export function plainSchema(schema: JsonObject): JsonObject {
  const definitions = { ...asObject(schema["definitions"]), ...asObject(schema["$defs"]) };
  const plain = flatten(schema, { definitions, depth: 0 });
  return plain["type"] === undefined && plain["anyOf"] === undefined
    ? { type: "object", properties: {}, ...plain }
    : plain;
}

interface Place {
  definitions: JsonObject;
  depth: number;
}

function flatten(given: JsonValue | undefined, place: Place): JsonObject {
  const schema = resolve(asObject(given), place);
  // A recursive schema ends in "anything".
  if (place.depth >= depthMax) return {};
  const inner = { ...place, depth: place.depth + 1 };
  const plain: JsonObject = {};
  for (const [name, value] of Object.entries(schema)) {
    if (name === "const") plain["enum"] = [value];
    else if (name === "oneOf") plain["anyOf"] = asList(value).map((each) => flatten(each, inner));
    else if (!kept.has(name)) continue;
    else if (name === "properties") plain[name] = mapValues(asObject(value), (each) => flatten(each, inner));
    else if (name === "items") plain[name] = flatten(value, inner);
    else if (name === "anyOf") plain[name] = asList(value).map((each) => flatten(each, inner));
    else plain[name] = value;
  }
  if (plain["enum"] !== undefined && plain["type"] === undefined) plain["type"] = typeNameOf(asList(plain["enum"])[0]);
  return plain;
}

function resolve(schema: JsonObject, { definitions, depth }: Place): JsonObject {
  let { $ref: reference, ...found } = schema;
  for (let hops = 0; typeof reference === "string" && hops <= depthMax - depth; hops += 1) {
    const name = definitionPath.exec(reference)?.[1];
    const { $ref: next, ...definition } = asObject(
      name === undefined ? undefined : definitions[decodeURIComponent(name)],
    );
    found = { ...definition, ...found };
    reference = next;
  }
  return found;
}

function typeNameOf(value: JsonValue | undefined): string {
  return typeof value === "number" || typeof value === "boolean" ? typeof value : "string";
}

function asObject(value: JsonValue | undefined): JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? value : {};
}

function asList(value: JsonValue | undefined): JsonValue[] {
  return Array.isArray(value) ? value : [];
}

function mapValues(object: JsonObject, change: (value: JsonValue) => JsonValue): JsonObject {
  return Object.fromEntries(Object.entries(object).map(([name, value]) => [name, change(value)]));
}
