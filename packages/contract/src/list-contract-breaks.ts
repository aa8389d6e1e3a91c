/**
 * What callers of a service lose by a new form of its contract: operations that are gone or called elsewhere, input that was taken, fields that were
 * answered. Both are given as OpenAPI documents, since the earlier one is no program any more. Added operations, added fields of answers, further
 * values and wider bounds are no loss: readers of answers have to expect them.
 */
import { jsonObjectOf, type JsonValue } from "@roost/base/browser";
import { listIncompatibilities } from "./check-compatibility.ts";
import type { OpenApiDocument } from "./create-open-api.ts";
import type { Incompatibility } from "./locate-incompatibilities.ts";
import { readOpenApi, withDefinitions, type DescribedOperation } from "./read-open-api.ts";
import type { JsonSchema } from "./to-json-schema.ts";

/** `path` begins with the operation: `listBooks.output.items[].title`. */
export type ContractBreak = Incompatibility;

export function listContractBreaks(older: OpenApiDocument, newer: OpenApiDocument): ContractBreak[] {
  const places = placesOf(newer);
  const [known, now] = [older, newer].map((document) => described(document)) as [Described, Described];
  return [...placesOf(older)].flatMap(([id, place]) => {
    const moved = places.get(id);
    if (moved === undefined) return [{ path: id, reason: "the operation is gone" }];
    if (moved !== place) return [{ path: id, reason: `it was called by ${place}, now by ${moved}` }];
    const [before, after] = [known.get(id), now.get(id)];
    if (before === undefined) return [];
    if (after === undefined) return [{ path: id, reason: "its input or its answer is not JSON any more" }];
    return compare(before, after);
  });
}

/** `GET /books`, of each operation, by its id. */
function placesOf(document: OpenApiDocument): Map<string, string> {
  const found = new Map<string, string>();
  for (const [path, item] of Object.entries(jsonObjectOf(document["paths"])))
    for (const [method, operation] of Object.entries(jsonObjectOf(item))) {
      const id = jsonObjectOf(operation)["operationId"];
      if (typeof id === "string") found.set(id, `${method.toUpperCase()} ${path}`);
    }
  return found;
}

type Described = Map<string, DescribedOperation>;

function described(document: OpenApiDocument): Described {
  const components = jsonObjectOf(jsonObjectOf(document["components"])["schemas"]);
  const all = readOpenApi(document, { streams: true });
  return new Map(all.map((one) => [one.id, { ...one, output: withDefinitions(one.output, components) }]));
}

function compare(before: DescribedOperation, after: DescribedOperation): ContractBreak[] {
  const { id } = before;
  const isRead = ({ effect }: DescribedOperation) => effect === "readonly";
  const breaks: ContractBreak[] = [];
  if (isRead(before) && !isRead(after))
    breaks.push({ path: id, reason: `it was readonly, and is ${after.effect}: callers read by it without asking` });
  if (before.stream !== after.stream) return [...breaks, { path: id, reason: "a stream is not called as others are" }];
  const [earlier, later] = [withoutBounds(before.output), withoutBounds(after.output)];
  const compared: [string, JsonSchema, JsonSchema][] = [
    ["input", before.input, after.input],
    ["output", later, earlier],
    // A field that may be missing is lost as well when it never comes again.
    ["output", allRequired(later), allRequired(earlier)],
  ];
  for (const [side, writer, reader] of compared)
    for (const found of listIncompatibilities(writer, reader)) {
      const path = [id, side, found.path].filter((step) => step !== "").join(".");
      if (breaks.every((one) => one.path !== path)) breaks.push({ path, reason: found.reason });
    }
  return breaks;
}

const bounds = ["minLength", "maxLength", "pattern", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"];
const unbounded = new Set([...bounds, "multipleOf", "minItems", "maxItems", "uniqueItems", "enum"]);

/** Whatever is of the right kind. */
function withoutBounds(schema: JsonSchema): JsonSchema {
  return rewrite(schema, (part) =>
    Object.fromEntries(Object.entries(part).filter(([keyword]) => !unbounded.has(keyword))),
  );
}

function allRequired(schema: JsonSchema): JsonSchema {
  return rewrite(schema, (part) =>
    part["properties"] === undefined ? part : { ...part, required: Object.keys(jsonObjectOf(part["properties"])) },
  );
}

/** Of schemas by their names: names are no keywords. */
const maps = new Set(["properties", "patternProperties", "$defs"]);
/** Values, not schemas. */
const values = new Set(["enum", "const", "default", "examples", "required"]);

function rewrite(schema: JsonSchema, change: (part: JsonSchema) => JsonSchema): JsonSchema {
  const visit = (value: JsonValue): JsonValue => {
    if (Array.isArray(value)) return value.map(visit);
    return typeof value === "object" && value !== null ? rewrite(value, change) : value;
  };
  const visitKeyword = ([keyword, value]: [string, JsonValue]): [string, JsonValue] => {
    if (values.has(keyword)) return [keyword, value];
    if (!maps.has(keyword)) return [keyword, visit(value)];
    const named = Object.entries(jsonObjectOf(value));
    return [keyword, Object.fromEntries(named.map(([name, part]) => [name, visit(part)]))];
  };
  return change(Object.fromEntries(Object.entries(schema).map(visitKeyword)));
}
