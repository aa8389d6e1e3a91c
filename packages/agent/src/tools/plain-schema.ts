// A tool's schema in a form that every provider takes: without keywords that some refuse (Gemini's frontends know neither $ref nor const) and that
// help a model little. They are still checked at the call.

import type { JsonObject, JsonValue } from "@roost/base";

/** Keywords that stay; all others are left out. */
const kept = new Set(["type", "description", "enum", "items", "properties", "required", "anyOf"]);
const depthMax = 12;
const definitionPath = /^#\/(?:\$defs|definitions)\/(.+)$/;

/** Schemas in it: what is beyond is "anything". */
const schemasMax = 1_500;

export function plainSchema(schema: JsonObject): JsonObject {
  const definitions = { ...asObject(schema["definitions"]), ...asObject(schema["$defs"]) };
  const plain = flatten(schema, { definitions, depth: 0, within: [], left: { count: schemasMax } });
  return plain["type"] === undefined && plain["anyOf"] === undefined
    ? { type: "object", properties: {}, ...plain }
    : plain;
}

interface Place {
  definitions: JsonObject;
  depth: number;
  /** References that lead here: one of them again is a circle. */
  within: readonly string[];
  left: { count: number };
}

function flatten(given: JsonValue | undefined, place: Place): JsonObject {
  place.left.count -= 1;
  // A recursive schema ends in "anything", and so does a very large one.
  if (place.depth >= depthMax || place.left.count < 0) return {};
  const { schema, within } = resolve(asObject(given), place);
  if (schema === undefined) return {};
  const inner = { ...place, within, depth: place.depth + 1 };
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
  for (const each of asList(schema["allOf"])) join(plain, flatten(each, inner));
  if (plain["enum"] !== undefined && plain["type"] === undefined) plain["type"] = typeNameOf(asList(plain["enum"])[0]);
  return plain;
}

/** All of several schemas hold: their fields together. */
function join(plain: JsonObject, { properties, required, ...other }: JsonObject): void {
  for (const [name, value] of Object.entries(other)) plain[name] ??= value;
  if (properties !== undefined) plain["properties"] = { ...asObject(plain["properties"]), ...asObject(properties) };
  if (required !== undefined)
    plain["required"] = [...new Set([...asList(plain["required"]), ...asList(required)])] as JsonValue[];
}

function resolve(given: JsonObject, place: Place): { schema: JsonObject | undefined; within: readonly string[] } {
  let { $ref: reference, ...schema } = given;
  let { within } = place;
  while (typeof reference === "string") {
    if (within.includes(reference)) return { schema: undefined, within };
    within = [...within, reference];
    const name = definitionPath.exec(reference)?.[1];
    const { $ref: next, ...definition } = asObject(
      name === undefined ? undefined : place.definitions[decodeURIComponent(name)],
    );
    schema = { ...definition, ...schema };
    reference = next;
  }
  return { schema, within };
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
