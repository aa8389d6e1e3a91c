/**
 * Compares two schemas field by field, item by item, and asks the checker of whole schemas only about the small parts that differ: it takes a
 * second for a large one, and does not say where.
 */
import { isDeepStrictEqual } from "node:util";
import type { JsonValue } from "@roost/base";
import type { JsonSchema } from "./to-json-schema.ts";

type Accepts = (writer: JsonSchema, reader: JsonSchema) => boolean;

/** The smallest part that disagrees: its path in the value, and why. */
export interface Incompatibility {
  path: string;
  reason: string;
}

const hopsMax = 32;

/** All parts where the reader refuses what the writer may write. */
export function locateIncompatibilities(writer: JsonSchema, reader: JsonSchema, accepts: Accepts): Incompatibility[] {
  /** By the two references: a record that contains itself agrees unless something else in it does not. */
  const known = new Map<string, Incompatibility[]>();
  return compare(writer, reader, "");

  function compare(left: JsonSchema, right: JsonSchema, path: string): Incompatibility[] {
    if (left["$ref"] === undefined && right["$ref"] === undefined) return compareParts(left, right, path);
    const key = JSON.stringify([left["$ref"] ?? path, right["$ref"] ?? path]);
    const before = known.get(key);
    if (before !== undefined) return before.slice(0, 1).map(({ reason }) => ({ path, reason }));
    known.set(key, []);
    const found = compareParts(resolve(left, writer), resolve(right, reader), path);
    known.set(key, found);
    return found;
  }

  function compareParts(from: JsonSchema, to: JsonSchema, path: string): Incompatibility[] {
    if (isDeepStrictEqual(from, to) && !JSON.stringify(from).includes('"$ref"')) return [];
    if (isRecord(from) && isRecord(to)) return compareFields(from, to, path);
    const [{ items: left, ...bounds }, { items: right, ...otherBounds }] = [from, to];
    if (isSchema(left) && isSchema(right))
      return [...compare(left, right, `${path}[]`), ...compareWhole(bounds, otherBounds, path)];
    const found = pairAlternatives(from, to)?.flatMap(([one, other]) => compare(one, other, path));
    if (found?.length === 0) return compareWhole(withoutAlternatives(from), withoutAlternatives(to), path);
    // What fits no alternative of the same place may fit another one.
    const [whole] = compareWhole(from, to, path);
    return whole === undefined ? [] : found?.length === 1 ? found : [whole];
  }

  function compareFields(from: JsonSchema, to: JsonSchema, path: string): Incompatibility[] {
    const [left, right] = [fieldsOf(from["properties"]), fieldsOf(to["properties"])];
    const found = Object.entries(left).flatMap(([field, schema]) => {
      const other = right[field];
      return other === undefined ? [] : compare(schema, other, join(path, field));
    });
    for (const field of textsOf(to["required"]))
      if (!textsOf(from["required"]).includes(field))
        found.push({ path: join(path, field), reason: "the field is required on one side only" });
    if (to["additionalProperties"] !== false) return found;
    for (const field of Object.keys(left))
      if (!(field in right)) found.push({ path: join(path, field), reason: "the field is known on one side only" });
    if (from["additionalProperties"] !== false)
      found.push({ path, reason: "the writer may add fields that the reader refuses" });
    return found;
  }

  function compareWhole(from: JsonSchema, to: JsonSchema, path: string): Incompatibility[] {
    const isFit = isDeepStrictEqual(from, to) || accepts(withDefinitions(from, writer), withDefinitions(to, reader));
    return isFit ? [] : [{ path, reason: describe(from, to) }];
  }
}

/** Words about a schema say nothing of its values. */
const words = ["$id", "$schema", "$defs", "id", "title", "description", "deprecated", "default", "examples"];
const recordKeywords = new Set([...words, "type", "properties", "required", "additionalProperties"]);

/** An object of which all is said by its fields. */
function isRecord(schema: JsonSchema): boolean {
  const { type, properties, additionalProperties: others = true } = schema;
  const isPlain = Object.keys(schema).every((keyword) => recordKeywords.has(keyword) || keyword.startsWith("x-"));
  return isPlain && type === "object" && isSchema(properties) && typeof others === "boolean";
}

/** Those of the same place, where there are as many. */
function pairAlternatives(from: JsonSchema, to: JsonSchema): [JsonSchema, JsonSchema][] | undefined {
  const [left, right] = [alternativesOf(from), alternativesOf(to)];
  const isPaired = left.length > 0 && left.length === right.length;
  return isPaired ? left.map((one, at) => [one, right[at]!]) : undefined;
}

function alternativesOf(schema: JsonSchema): JsonSchema[] {
  return listOf(schema["anyOf"] ?? schema["oneOf"]).map((one) => (isSchema(one) ? one : {}));
}

/** What holds whichever alternative does. */
function withoutAlternatives({ anyOf: _any, oneOf: _one, ...rest }: JsonSchema): JsonSchema {
  return rest;
}

function describe(from: JsonSchema, to: JsonSchema): string {
  if (alternativesOf(from).length > 0 || alternativesOf(to).length > 0)
    return "no alternative of the reader accepts all of an alternative of the writer";
  for (const keyword of [
    "type",
    "const",
    "format",
    "pattern",
    "minLength",
    "maxLength",
    "minimum",
    "maximum",
    "minItems",
    "maxItems",
  ]) {
    const left = from[keyword];
    const right = to[keyword];
    if (right !== undefined && JSON.stringify(left) !== JSON.stringify(right)) {
      return `${keyword} is ${left === undefined ? "unrestricted" : JSON.stringify(left)} for the writer and ${JSON.stringify(right)} for the reader`;
    }
  }
  const refused = listOf(from["enum"]).filter(
    (value) => !listOf(to["enum"]).some((known) => JSON.stringify(known) === JSON.stringify(value)),
  );
  if (Array.isArray(to["enum"]) && refused.length > 0)
    return `the reader does not know the value ${JSON.stringify(refused[0])}`;
  return "the writer allows values that the reader refuses";
}

function resolve(schema: JsonSchema, root: JsonSchema): JsonSchema {
  let current = schema;
  for (let hops = 0; hops < hopsMax; hops += 1) {
    const reference = current["$ref"];
    if (typeof reference !== "string" || !reference.startsWith("#/$defs/")) break;
    const target = fieldsOf(root["$defs"])[reference.slice("#/$defs/".length)];
    if (target === undefined) break;
    current = target;
  }
  return current;
}

/** Large ones are slow to judge: only where they are referred to. */
function withDefinitions(part: JsonSchema, { $defs }: JsonSchema): JsonSchema {
  return $defs === undefined || !JSON.stringify(part).includes('"$ref"') ? part : { ...part, $defs };
}

function isSchema(value: JsonValue | undefined): value is JsonSchema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function fieldsOf(value: JsonValue | undefined): Record<string, JsonSchema> {
  const fields = isSchema(value) ? Object.entries(value) : [];
  return Object.fromEntries(fields.map(([name, schema]) => [name, isSchema(schema) ? schema : {}]));
}

function textsOf(value: JsonValue | undefined): string[] {
  return listOf(value).filter((item) => typeof item === "string");
}

function listOf(value: JsonValue | undefined): JsonValue[] {
  return Array.isArray(value) ? value : [];
}

function join(path: string, field: string): string {
  return path === "" ? field : `${path}.${field}`;
}
