/**
 * Schemas of a document as a call needs them: in the words of OpenAPI 3.1, without what only readers of the document use, and with the
 * components that they refer to, under names of their own. Circles stay as references.
 */
import { isJsonObject, jsonObjectOf, type JsonObject, type JsonValue } from "@roost/base";
import { findReferred, type OpenApiDocument } from "@roost/contract";
import { freeName } from "../free-name.ts";
import { shorten } from "./shorten.ts";

export interface SchemaCleaner {
  clean(schema: JsonValue | undefined): JsonObject;
  /** The components that cleaned schemas refer to, by name. */
  components(): JsonObject;
}

/** Keywords with a number, a text or a list of values. */
const plainKeywords = new Set(
  "const format required minimum maximum multipleOf minLength maxLength minItems maxItems uniqueItems minProperties maxProperties contentEncoding contentMediaType".split(
    " ",
  ),
);
const schemaKeywords = new Set(["items", "not", "additionalProperties", "propertyNames"]);
const listKeywords = new Set(["allOf", "anyOf", "oneOf", "prefixItems"]);
const descriptionCharsMax = 200;
const componentsPrefix = "#/components/schemas/";

export function createSchemaCleaner(document: OpenApiDocument): SchemaCleaner {
  const names = new Map<string, string>();
  const taken = new Set<string>();
  const waiting: [name: string, schema: JsonValue | undefined][] = [];
  const components: JsonObject = {};
  const refer = (reference: string): JsonObject => {
    const known = names.get(reference);
    if (known !== undefined) return { $ref: componentsPrefix + known };
    const name = freeName(plainName(reference), taken);
    names.set(reference, name);
    taken.add(name);
    // What is elsewhere is not fetched: anything may stand there.
    waiting.push([name, findReferred(document, reference)]);
    return { $ref: componentsPrefix + name };
  };
  const clean = (schema: JsonValue | undefined): JsonObject => {
    const given = jsonObjectOf(schema);
    const cleaned: JsonObject = typeof given["$ref"] === "string" ? refer(given["$ref"]) : {};
    for (const [name, value] of Object.entries(given)) {
      if (plainKeywords.has(name)) cleaned[name] = value;
      else if (name === "enum" && Array.isArray(value) && value.length > 0) cleaned[name] = value;
      else if (name === "type") setType(cleaned, value);
      else if (name === "description") cleaned[name] = shorten(value, descriptionCharsMax);
      else if (schemaKeywords.has(name)) cleaned[name] = typeof value === "boolean" ? value : clean(value);
      else if (listKeywords.has(name) && Array.isArray(value)) cleaned[name] = value.map(clean);
      else if (name === "pattern" && isPattern(value)) cleaned[name] = value;
    }
    if (isJsonObject(given["properties"])) addProperties(cleaned, given["properties"], clean);
    return nullable(bounded(cleaned, given), given);
  };
  return {
    clean,
    components() {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) components[next[0]] = clean(next[1]);
      return components;
    },
  };
}

const types = new Set<JsonValue>(["string", "number", "integer", "boolean", "object", "array", "null"]);

function setType(cleaned: JsonObject, value: JsonValue): void {
  const known = [value].flat().filter((each) => types.has(each));
  if (known.length > 0) cleaned["type"] = known.length === 1 ? known[0]! : known;
}

/** What only the other side writes is no input. */
function addProperties(cleaned: JsonObject, properties: JsonObject, clean: SchemaCleaner["clean"]): void {
  const written = Object.entries(properties).filter(([, value]) => jsonObjectOf(value)["readOnly"] !== true);
  cleaned["properties"] = Object.fromEntries(written.map(([name, value]) => [name, clean(value)]));
  const { required } = cleaned;
  if (!Array.isArray(required)) return;
  const isLeft = (name: JsonValue) =>
    typeof name === "string" && (!Object.hasOwn(properties, name) || written.some(([each]) => each === name));
  cleaned["required"] = required.filter(isLeft);
}

/** OpenAPI 3.0 says beside a type that null is allowed. */
function nullable(cleaned: JsonObject, given: JsonObject): JsonObject {
  if (given["nullable"] !== true) return cleaned;
  const { type } = cleaned;
  if (typeof type !== "string") return { anyOf: [cleaned, { type: "null" }] };
  const values = cleaned["enum"];
  if (Array.isArray(values) && !values.includes(null)) cleaned["enum"] = [...values, null];
  return { ...cleaned, type: [type, "null"] };
}

/** OpenAPI 3.0 says that a bound is exclusive by a boolean beside it. */
function bounded(cleaned: JsonObject, given: JsonObject): JsonObject {
  for (const [name, bound] of [
    ["exclusiveMinimum", "minimum"],
    ["exclusiveMaximum", "maximum"],
  ] as const) {
    const value = given[name];
    if (typeof value === "number") cleaned[name] = value;
    if (value !== true || cleaned[bound] === undefined) continue;
    cleaned[name] = cleaned[bound];
    delete cleaned[bound];
  }
  return cleaned;
}

/** Some documents have patterns of other languages. */
function isPattern(value: JsonValue): boolean {
  try {
    return typeof value === "string" && new RegExp(value, "u") instanceof RegExp;
  } catch {
    return false;
  }
}

function plainName(reference: string): string {
  const last = reference.split("/").at(-1) ?? "";
  return last.replaceAll(/[^A-Za-z0-9_.-]/g, "_").slice(0, 80) || "Schema";
}
