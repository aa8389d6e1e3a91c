/**
 * What can be called of a service, read from its document: create-open-api.ts the other way round, for those that have no contract at
 * hand. Operations that take or answer with something other than JSON are left out unless asked for, and so are streams.
 */
import { jsonObjectOf, type JsonValue } from "@roost/base/browser";
import { contentBytesMaxDefault } from "./content.ts";
import type { CallableOperation } from "./create-http-client.ts";
import type { OpenApiDocument } from "./create-open-api.ts";
import { effects, type Effect, type Method } from "./define-operation.ts";
import { eventStreamMediaType } from "./protocol-events.ts";
import type { JsonSchema } from "./to-json-schema.ts";

export interface DescribedOperation extends CallableOperation {
  summary: string;
  description: string | undefined;
  /** What is not said counts as `unsafe`. */
  effect: Effect;
  /** Id of the operation that a `queryable` is asked for by. */
  query: string | undefined;
  /** The kinds of callers that may call it; undefined: not said. */
  audience: readonly string[] | undefined;
  /** The scope that a caller needs; undefined: not said. */
  scope: string | undefined;
  /** Only the person decides it: it is no tool. */
  isDecision: boolean;
  /** Of what it answers: the service's and its own. */
  labels: readonly string[];
  /** All of its input as one object, whole in itself. */
  input: JsonSchema;
  /** The answer, or an item of the stream; refers to the document's components. */
  output: JsonSchema;
}

const jsonMediaType = "application/json";
const methods = ["get", "post", "put", "patch", "delete"] as const;

/** The field of the input that is the body, where that is a file: the document has no name for it. */
export const fileField = "content";

export function readOpenApi(document: OpenApiDocument, { streams = false, files = false } = {}): DescribedOperation[] {
  const found: DescribedOperation[] = [];
  for (const [path, item] of Object.entries(jsonObjectOf(document["paths"]))) {
    const described = resolveReference(document, item);
    for (const method of methods) {
      if (described[method] === undefined) continue;
      const operation = readOperation(document, path, method, described);
      if (operation === undefined || (operation.stream && !streams)) continue;
      if (files || (operation.contentField ?? operation.answersContent) === undefined) found.push(operation);
    }
  }
  return found;
}

function readOperation(
  document: OpenApiDocument,
  path: string,
  method: (typeof methods)[number],
  item: JsonSchema,
): DescribedOperation | undefined {
  const described = jsonObjectOf(item[method]);
  const id = textOf(described["operationId"]);
  const body = jsonObjectOf(resolveReference(document, described["requestBody"])["content"]);
  const answer = readAnswer(document, jsonObjectOf(described["responses"]));
  const stream = Object.hasOwn(answer, eventStreamMediaType);
  if (id === undefined) return undefined;
  const { schema, "x-roost-item-schema": itemSchema } = jsonObjectOf(
    answer[stream ? eventStreamMediaType : jsonMediaType],
  );
  const effect = effects.find((one) => one === described["x-roost-effect"]) ?? "unsafe";
  const audience = described["x-roost-audience"];
  const parameters = readParameters(document, item["parameters"], described["parameters"]);
  return {
    id,
    method: method.toUpperCase() as Method,
    path,
    stream,
    contentField: isJson(body) ? undefined : fileField,
    answersContent:
      stream || isJson(answer) ? undefined : { mediaTypes: Object.keys(answer), bytesMax: contentBytesMaxDefault },
    summary: textOf(described["summary"]) ?? id,
    description: textOf(described["description"]),
    effect,
    query: textOf(described["x-roost-query"]),
    audience: audience === undefined ? undefined : textsOf(audience),
    scope: textOf(described["x-roost-scope"]),
    isDecision: described["x-roost-decision"] === true,
    labels: [...new Set([...textsOf(document["x-roost-labels"]), ...textsOf(described["x-roost-labels"])])],
    input: inputOf(document, parameters, jsonObjectOf(jsonObjectOf(body[jsonMediaType])["schema"])),
    output: jsonObjectOf(stream ? itemSchema : schema),
  };
}

/** The content of the first answer that says it was done. */
function readAnswer(document: OpenApiDocument, responses: JsonSchema): JsonSchema {
  const status = Object.keys(responses)
    .toSorted()
    .find((each) => /^2(\d\d|XX)$/.test(each));
  return jsonObjectOf(resolveReference(document, responses[status ?? "default"])["content"]);
}

const hopsMax = 20;

/** What a `$ref` into the same document leads to, or the object itself; empty where it leads nowhere. */
export function resolveReference(document: OpenApiDocument, given: JsonValue | undefined): JsonSchema {
  let found = jsonObjectOf(given);
  for (let hops = 0; typeof found["$ref"] === "string"; hops += 1) {
    const reference = found["$ref"];
    if (hops === hopsMax) return {};
    found = jsonObjectOf(findReferred(document, reference));
  }
  return found;
}

/** What one reference leads to; undefined for nothing, and for what is in another document. */
export function findReferred(document: OpenApiDocument, reference: string): JsonValue | undefined {
  if (!reference.startsWith("#/")) return undefined;
  const steps = reference.slice(2).split("/").map(unescapeStep);
  return steps.reduce<JsonValue | undefined>(stepInto, document);
}

function unescapeStep(step: string): string {
  const plain = step.replaceAll("~1", "/").replaceAll("~0", "~");
  return URL.canParse(`x:${plain}`) && /%[0-9a-f]{2}/i.test(plain) ? decodeURIComponent(plain) : plain;
}

/** Nothing that every object has: "constructor" is a name as any other. */
function stepInto(value: JsonValue | undefined, name: string): JsonValue | undefined {
  if (Array.isArray(value)) return value[Number(name)];
  const object = jsonObjectOf(value);
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

/** Those of the path that all its operations share, then the operation's own, which replace them by place and name. */
export function readParameters(
  document: OpenApiDocument,
  shared: JsonValue | undefined,
  own: JsonValue | undefined,
): JsonSchema[] {
  const found = new Map<string, JsonSchema>();
  for (const each of [shared, own].flatMap((list) => (Array.isArray(list) ? list : []))) {
    const parameter = resolveReference(document, each);
    found.set(`${String(parameter["in"])} ${String(parameter["name"])}`, parameter);
  }
  return [...found.values()];
}

function isJson(content: JsonSchema): boolean {
  return Object.keys(content).every((mediaType) => mediaType === jsonMediaType);
}

/** Parameters of path and query, and the fields of the body; headers are the client's. */
function inputOf(document: OpenApiDocument, parameters: readonly JsonSchema[], body: JsonSchema): JsonSchema {
  const properties: JsonSchema = {};
  const required: string[] = textsOf(body["required"]);
  for (const { name, in: place, required: isRequired, description, schema } of parameters) {
    if (typeof name !== "string" || (place !== "path" && place !== "query")) continue;
    properties[name] = { ...jsonObjectOf(schema), ...(description === undefined ? {} : { description }) };
    if (isRequired === true) required.push(name);
  }
  Object.assign(properties, jsonObjectOf(body["properties"]));
  const schema = { type: "object", properties, required, additionalProperties: false };
  return withDefinitions(schema, jsonObjectOf(jsonObjectOf(document["components"])["schemas"]));
}

const reference = /"#\/components\/schemas\/([^"]+)"/g;

/** With the components that it refers to, and those that they do, as definitions of its own. */
export function withDefinitions(schema: JsonSchema, components: JsonSchema): JsonSchema {
  const names = new Set<string>();
  // Nothing that every object has: "constructor" is a name as any other.
  const componentOf = (name: string) => (Object.hasOwn(components, name) ? (components[name] ?? {}) : {});
  const visit = (part: unknown) => {
    for (const [, name = ""] of JSON.stringify(part).matchAll(reference)) {
      if (names.has(name)) continue;
      names.add(name);
      visit(componentOf(name));
    }
  };
  visit(schema);
  if (names.size === 0) return schema;
  const $defs = Object.fromEntries([...names].map((name) => [name, componentOf(name)]));
  return JSON.parse(JSON.stringify({ ...schema, $defs }).replaceAll(reference, '"#/$defs/$1"')) as JsonSchema;
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function textsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === "string") : [];
}
