/**
 * Builds a contract's OpenAPI 3.1 document. Input objects are closed, output objects open: clients must tolerate new fields. A schema that differs
 * between the two gets a separate input component.
 */
import type { ErrorCode, JsonValue } from "@roost/base";
import { assert } from "@roost/base/browser";
import { isDeepStrictEqual } from "node:util";
import type { z } from "zod";
import { contentOf } from "./content.ts";
import { replayedHeader } from "./create-answer.ts";
import { checkedExamples, type AnyOperation } from "./define-operation.ts";
import type { Relation, ServiceContract } from "./define-service.ts";
import type { Access } from "./principal.ts";
import { Problem, problemMediaType } from "./problem.ts";
import { idCharsMax } from "./records/limits.ts";
import { httpStatusOf, leftToHomeStatus } from "./status-codes.ts";
import { toJsonSchema, type JsonSchema } from "./to-json-schema.ts";

export interface OpenApiOptions {
  version: string;
  servers?: readonly { url: string; description?: string }[];
  description?: string;
}

export type OpenApiDocument = { [key: string]: JsonValue };

/** Any call may be refused to its caller or after too many wrong tokens, or find the database down. */
const everyOperationFailsWith: readonly ErrorCode[] = [
  "invalid_input",
  "unauthenticated",
  "forbidden",
  "limit_exceeded",
  "internal",
  "unavailable",
];

export function createOpenApi(contract: ServiceContract, options: OpenApiOptions): OpenApiDocument {
  const { operations, access } = contract;
  const components = createComponents();
  const problem = components.take(Problem, "output");
  const paths: Record<string, Record<string, JsonValue>> = {};
  for (const operation of operations) {
    const path = (paths[operation.path] ??= {});
    const described = { ...describeOperation(operation, components), ...describeAccess(access.get(operation.id)!) };
    described["responses"] = describeResponses(operation, components, problem);
    path[operation.method.toLowerCase()] = described;
  }
  for (const relation of contract.relations) requireRelation(contract, relation, components.schemas);
  const tags = [...new Set(operations.flatMap((operation) => operation.tags))].toSorted();
  return {
    openapi: "3.1.0",
    info: {
      title: contract.title,
      version: options.version,
      ...(options.description === undefined ? {} : { description: options.description }),
    },
    ...describeService(contract, components),
    tags: tags.map((name) => ({ name })),
    servers: (options.servers ?? [{ url: "/" }]).map((server) => ({ ...server })),
    security: [{ bearer: [] }],
    paths,
    components: {
      securitySchemes: { bearer: { type: "http", scheme: "bearer" } },
      schemas: components.schemas,
    },
  };
}

/** What an agent or program learns of a service beside its operations. */
function describeService(
  { name, events, relations, labels, vocabulary }: ServiceContract,
  components: Components,
): Record<string, JsonValue> {
  return {
    "x-roost-service": name,
    "x-roost-labels": [...labels],
    "x-roost-events": events.map(({ type, version, topic, schema }) => ({
      type,
      version,
      topic,
      schema: components.take(schema, "output"),
    })),
    "x-roost-vocabulary": { ...vocabulary },
    "x-relations": relations.map((relation) => ({ ...relation })),
  };
}

/** Who follows relations goes by the document: a relation that does not hold is a fault of the contract. */
function requireRelation({ name: service, operations }: ServiceContract, relation: Relation, schemas: Schemas): void {
  const { from, name, field, to, via, as = to, key = "id" } = relation;
  const properties = (schemas[from]?.["properties"] ?? {}) as Schemas;
  const isRef = JSON.stringify(properties[field] ?? null).includes(`"x-roost-ref":"${to}"`);
  assert(isRef, `service "${service}": ${from}.${field} is no ref("${to}"), as its relation ${name} says`);
  // What another service answers is seen where the two documents meet.
  if (relation.service !== undefined && relation.service !== service) return;
  const answer = toJsonSchema(operations.find(({ id }) => id === via)!.output);
  const isAnswer = answer["id"] === as || Object.hasOwn((answer["$defs"] ?? {}) as Schemas, as);
  assert(isAnswer, `service "${service}": ${via} answers with no ${as}, as the relation ${from}.${name} says`);
  const hasKey = Object.hasOwn((schemas[as]?.["properties"] ?? {}) as Schemas, key);
  assert(hasKey, `service "${service}": ${as} has no field ${key}, by which the relation ${from}.${name} finds it`);
}

function describeAccess({ scope, audience }: Access): Record<string, JsonValue> {
  return { "x-roost-scope": scope, "x-roost-audience": [...audience] };
}

function describeOperation(operation: AnyOperation, components: Components): Record<string, JsonValue> {
  const { pathParameters, input, contentField } = operation;
  const whole = components.take(
    contentField === undefined ? input : input.omit({ [contentField]: true } as never),
    "input",
  );
  const properties = (whole["properties"] ?? {}) as Record<string, JsonSchema>;
  const required = new Set((whole["required"] ?? []) as string[]);
  const hasBody = takesBody(operation) && contentField === undefined;
  const described: Record<string, JsonValue> = {
    operationId: operation.id,
    summary: operation.summary,
    tags: [...operation.tags],
    "x-roost-effect": operation.effect,
  };
  if (operation.access.isDecision) described["x-roost-decision"] = true;
  if (operation.needs !== undefined) described["x-roost-needs"] = operation.needs;
  if (operation.query !== undefined) described["x-roost-query"] = operation.query.id;
  if (operation.examples.length > 0) described["x-roost-examples"] = checkedExamples(operation);
  if (operation.description !== undefined) described["description"] = operation.description;
  if (operation.labels.length > 0) described["x-roost-labels"] = [...operation.labels];

  const parameters: JsonValue[] = pathParameters.map((name) => parameter(name, "path", properties[name] ?? {}, true));
  const rest = Object.entries(properties).filter(([name]) => !pathParameters.includes(name));
  if (!hasBody) {
    for (const [name, schema] of rest) parameters.push(parameter(name, "query", schema, required.has(name)));
  } else if (rest.length > 0) {
    const requiredRest = rest.map(([name]) => name).filter((name) => required.has(name));
    const schema: JsonSchema = { type: "object", properties: Object.fromEntries(rest), additionalProperties: false };
    if (requiredRest.length > 0) schema["required"] = requiredRest;
    described["requestBody"] = { required: requiredRest.length > 0, content: { "application/json": { schema } } };
  }
  if (contentField !== undefined) {
    const { mediaTypes } = contentOf(input.shape[contentField] as z.ZodType)!;
    described["requestBody"] = { required: true, content: Object.fromEntries(mediaTypes.map((type) => [type, {}])) };
  }
  parameters.push(...headerParameters(operation));
  if (parameters.length > 0) described["parameters"] = parameters;
  return described;
}

function headerParameters({ stream, effect, revision, method }: AnyOperation): JsonValue[] {
  const header = (name: string, description: string, schema: JsonSchema = {}): JsonValue => {
    return { name, in: "header", required: false, description, schema: { type: "string", ...schema } };
  };
  return [
    ...(stream ? [header("Last-Event-ID", "Continue after this event; overrides `after`")] : []),
    ...(effect === "readonly"
      ? []
      : [
          header(
            "Idempotency-Key",
            "Calls with the same key are one call: its first answer is repeated for seven days",
            { minLength: 1, maxLength: idCharsMax },
          ),
        ]),
    ...(revision?.expected === undefined
      ? []
      : [header("If-Match", `The ETag that was read; sets \`${revision.expected}\``, { minLength: 1 })]),
    ...(revision === undefined || method !== "GET" ? [] : [header("If-None-Match", "The ETag that is already known")]),
  ];
}

function describeResponses(operation: AnyOperation, components: Components, problem: JsonSchema): JsonValue {
  const responses: Record<string, JsonValue> = { "200": describeAnswer(operation, components) };
  if (operation.revision !== undefined && operation.method === "GET")
    responses["304"] = { description: "Unchanged since the ETag in If-None-Match" };
  const codesOfStatus = new Map<number, ErrorCode[]>();
  for (const code of new Set([...everyOperationFailsWith, ...operation.errors])) {
    const status = httpStatusOf(code);
    codesOfStatus.set(status, [...(codesOfStatus.get(status) ?? []), code]);
  }
  // A body that is too long, or of another media type.
  const bodies: [number, ErrorCode[]][] = takesBody(operation)
    ? [
        [413, ["limit_exceeded"]],
        [415, ["invalid_input"]],
      ]
    : [];
  const content = { [problemMediaType]: { schema: problem } };
  for (const [status, codes] of [...codesOfStatus, ...bodies])
    responses[String(status)] = { description: `Problem: ${codes.join(", ")}`, content };
  const leftToHome = "Problem: unavailable at a gateway on another host than the home's, which has done nothing";
  if (operation.needs !== undefined) responses[String(leftToHomeStatus)] = { description: leftToHome, content };
  responses["default"] = { description: "Problem", content };
  return responses;
}

function takesBody({ method, contentField }: AnyOperation): boolean {
  return contentField !== undefined || (method !== "GET" && method !== "DELETE");
}

function describeAnswer(operation: AnyOperation, components: Components): JsonValue {
  const { summary: description, stream, answersContent, revision, effect } = operation;
  if (answersContent !== undefined)
    return { description, content: Object.fromEntries(answersContent.mediaTypes.map((type) => [type, {}])) };
  const output = components.take(operation.output, "output");
  if (stream) {
    // Within allOf: validators take a bare reference in an extension for a mistake.
    return {
      description:
        "Server-sent events with JSON data. One named `place` only carries the position to continue from; the last is named `end` or `problem`",
      content: { "text/event-stream": { schema: { type: "string" }, "x-roost-item-schema": { allOf: [output] } } },
    };
  }
  const text = { schema: { type: "string" } };
  const headers = {
    ...(revision === undefined ? {} : { ETag: { description: `\`${revision.of}\` of the answer`, ...text } }),
    ...(effect === "readonly" ? {} : { [replayedHeader]: { description: "The answer of an earlier call", ...text } }),
  };
  return {
    description,
    ...(Object.keys(headers).length === 0 ? {} : { headers }),
    content: { "application/json": { schema: output } },
  };
}

function parameter(name: string, place: "path" | "query", schema: JsonSchema, required: boolean): JsonValue {
  const { description, ...rest } = schema;
  return {
    name,
    in: place,
    required: place === "path" || required,
    ...(typeof description === "string" ? { description } : {}),
    schema: rest,
  };
}

type Schemas = Record<string, JsonSchema>;

interface Components {
  readonly schemas: Schemas;
  /** Returns the schema for the document, with references to named schemas. */
  take(schema: z.ZodType, io: "input" | "output"): JsonSchema;
}

function createComponents(): Components {
  const schemas: Schemas = {};
  return {
    schemas,
    take(schema, io) {
      const { $schema: _, $defs, ...root } = toJsonSchema(schema, { io, objects: io === "output" ? "open" : "closed" });
      const definitions = ($defs ?? {}) as Record<string, JsonSchema>;
      const names = new Map(Object.keys(definitions).map((name) => [name, name]));
      // A definition keeps its name only if it, and all it refers to, is the same in both directions.
      if (io === "input") {
        const open = (toJsonSchema(schema, { io: "output", objects: "open" })["$defs"] ?? {}) as Record<
          string,
          JsonSchema
        >;
        for (const name of differing(definitions, open)) names.set(name, `${name}Input`);
      }
      for (const [name, definition] of Object.entries(definitions)) {
        const { id: _id, ...rest } = rename(definition, names) as JsonSchema;
        schemas[names.get(name) ?? name] = rest;
      }
      const { id, ...renamed } = rename(root, names) as JsonSchema;
      if (typeof id !== "string") return renamed;
      const name = io === "input" ? `${id}Input` : id;
      schemas[name] ??= renamed;
      return { $ref: `#/components/schemas/${name}` };
    },
  };
}

function differing(input: Record<string, JsonSchema>, output: Record<string, JsonSchema>): Set<string> {
  const found = new Set(Object.keys(input).filter((name) => !isDeepStrictEqual(input[name], output[name])));
  for (let before = -1; before !== found.size;) {
    before = found.size;
    for (const [name, definition] of Object.entries(input)) {
      const text = JSON.stringify(definition);
      for (const other of found) if (text.includes(`"#/$defs/${other}"`)) found.add(name);
    }
  }
  return found;
}

function rename(value: JsonValue, names: ReadonlyMap<string, string>): JsonValue {
  if (Array.isArray(value)) return value.map((item) => rename(item, names));
  if (typeof value !== "object" || value === null) return value;
  const renamed: Record<string, JsonValue> = {};
  for (const [key, inner] of Object.entries(value)) {
    if (key === "$ref" && typeof inner === "string" && inner.startsWith("#/$defs/")) {
      const name = inner.slice("#/$defs/".length);
      renamed[key] = `#/components/schemas/${names.get(name) ?? name}`;
    } else {
      renamed[key] = rename(inner, names);
    }
  }
  return renamed;
}
