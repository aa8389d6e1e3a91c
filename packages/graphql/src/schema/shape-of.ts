/** What a JSON Schema means for GraphQL, the same for input and output: a scalar, an enum, a list, an object or a union. Makes no types. */
import { jsonObjectOf } from "@roost/base";
import type { JsonSchema } from "@roost/contract";

export type ScalarName = "ID" | "String" | "Int" | "Float" | "Boolean" | "DateTime" | "Date" | "BigInt" | "JSON";

export type Shape = { isNullable: boolean; description: string | undefined; component: string | undefined } & (
  | { kind: "scalar"; scalar: ScalarName; refersTo: string | undefined }
  | { kind: "enum"; values: readonly string[] }
  | { kind: "list"; items: JsonSchema }
  | { kind: "object"; properties: Readonly<Record<string, JsonSchema>>; required: ReadonlySet<string> }
  | { kind: "union"; discriminator: string; members: ReadonlyMap<string, JsonSchema> }
);

export type Schemas = Readonly<Record<string, JsonSchema>>;

/** References to references, and parts of parts. */
const hopsMax = 32;
const listDepthMax = 8;

/** Whatever has no type of its own in GraphQL is JSON. */
export function shapeOf(given: JsonSchema, schemas: Schemas): Shape {
  const { schema, members, ...unwrapped } = unwrap(given, schemas);
  const common = {
    ...unwrapped,
    isNullable: unwrapped.isNullable || (members ?? [schema]).some((each) => isAnything(each, schemas)),
  };
  const { type, enum: values } = schema;
  const scalar = (name: ScalarName): Shape => ({
    ...common,
    kind: "scalar",
    scalar: name,
    refersTo: textOf(schema["x-roost-ref"]),
  });
  if (members !== undefined) return unionOf(members, schema, schemas, common) ?? scalar(commonScalar(members, schemas));
  if ("const" in schema) return scalar(scalarOfConst(schema["const"]));
  if (Array.isArray(values)) {
    const texts = values.filter((value) => value !== null);
    if (texts.length > 0 && texts.every((value) => typeof value === "string"))
      return { ...common, kind: "enum", values: texts };
    return scalar("JSON");
  }
  const [single, ...others] = (Array.isArray(type) ? type : [type]).filter((each) => each !== "null");
  if (others.length > 0) return scalar("JSON");
  if (single === "array")
    return isEndless(schema, schemas)
      ? scalar("JSON")
      : { ...common, kind: "list", items: jsonObjectOf(schema["items"]) };
  const properties = jsonObjectOf(schema["properties"]) as Record<string, JsonSchema>;
  if ((single === "object" || single === undefined) && Object.keys(properties).length > 0)
    return { ...common, kind: "object", properties, required: new Set(textsOf(schema["required"])) };
  return scalar(scalarOf(single, schema));
}

/** A list of lists of lists: of itself, as far as anyone can tell. */
function isEndless(list: JsonSchema, schemas: Schemas): boolean {
  let schema = list;
  for (let depth = 0; depth < listDepthMax; depth += 1) {
    schema = unwrap(jsonObjectOf(schema["items"]), schemas).schema;
    if (schema["type"] !== "array") return false;
  }
  return true;
}

function scalarOf(type: unknown, schema: JsonSchema): ScalarName {
  if (type === "boolean") return "Boolean";
  if (type === "number") return "Float";
  if (type === "integer") return isInt32(schema["minimum"]) && isInt32(schema["maximum"]) ? "Int" : "BigInt";
  if (type !== "string") return "JSON";
  if (schema["x-roost-ref"] !== undefined) return "ID";
  return schema["format"] === "date-time" ? "DateTime" : schema["format"] === "date" ? "Date" : "String";
}

function isInt32(bound: unknown): boolean {
  return typeof bound === "number" && bound >= -(2 ** 31) && bound < 2 ** 31;
}

function scalarOfConst(value: unknown): ScalarName {
  return typeof value === "string" ? "String" : typeof value === "boolean" ? "Boolean" : "JSON";
}

interface Unwrapped extends Pick<Shape, "isNullable" | "description" | "component"> {
  schema: JsonSchema;
  /** Of a oneOf or anyOf with more than one member that is not null. */
  members: readonly JsonSchema[] | undefined;
}

/** Follows references, sets null aside, and joins what is said in parts. */
function unwrap(given: JsonSchema, schemas: Schemas): Unwrapped {
  let schema = given;
  let component: string | undefined;
  let description: string | undefined;
  let isNullable = false;
  for (let hops = 0; hops < hopsMax; hops += 1) {
    isNullable ||= allowsNull(schema);
    description ??= textOf(schema["description"]);
    const reference = referenceOf(schema);
    if (reference !== undefined) {
      component = reference;
      schema = jsonObjectOf(schemas[reference]);
      continue;
    }
    if (Array.isArray(schema["allOf"])) {
      // One part alone is that part, with its name.
      if (schema["allOf"].length === 1 && schema["properties"] === undefined && schema["required"] === undefined) {
        schema = jsonObjectOf(schema["allOf"][0]);
        continue;
      }
      schema = joinParts(schema, schemas, new Set(component === undefined ? [] : [component]));
      continue;
    }
    const listed = schema["oneOf"] ?? schema["anyOf"];
    if (!Array.isArray(listed)) return { schema, members: undefined, component, description, isNullable };
    const members = listed.map(jsonObjectOf).filter((member) => member["type"] !== "null");
    if (members.length < listed.length) isNullable = true;
    if (members.length !== 1) return { schema, members, component, description, isNullable };
    schema = members[0]!;
  }
  return { schema: {}, members: undefined, component: undefined, description, isNullable };
}

/** A schema without a word about the type: null too. */
function isAnything(given: JsonSchema, schemas: Schemas): boolean {
  const { schema, members, isNullable } = unwrap(given, schemas);
  const says = ["type", "const", "enum", "properties"].some((keyword) => keyword in schema);
  return isNullable || (members === undefined && !says);
}

function allowsNull({ nullable, type, enum: values }: JsonSchema): boolean {
  return (
    nullable === true ||
    (Array.isArray(type) && type.includes("null")) ||
    (Array.isArray(values) && values.includes(null))
  );
}

/** The component that a schema refers to. */
function referenceOf({ $ref }: JsonSchema): string | undefined {
  return typeof $ref === "string" ? $ref.slice($ref.lastIndexOf("/") + 1) : undefined;
}

function joinParts(schema: JsonSchema, schemas: Schemas, seen: ReadonlySet<string>): JsonSchema {
  const { allOf, ...own } = schema;
  const joined: JsonSchema = {};
  const properties: JsonSchema = {};
  const required: string[] = [];
  for (const part of [...(Array.isArray(allOf) ? allOf.map(jsonObjectOf) : []), own]) {
    const reference = referenceOf(part);
    // A component that is part of itself adds nothing.
    if (reference !== undefined && seen.has(reference)) continue;
    const inner = reference === undefined ? part : jsonObjectOf(schemas[reference]);
    const within = reference === undefined ? seen : new Set([...seen, reference]);
    const flat = Array.isArray(inner["allOf"]) ? joinParts(inner, schemas, within) : inner;
    Object.assign(joined, flat);
    Object.assign(properties, flat["properties"]);
    required.push(...textsOf(flat["required"]));
  }
  return Object.keys(properties).length === 0 ? joined : { ...joined, properties, required };
}

/** A union of objects that one constant field tells apart. */
function unionOf(
  members: readonly JsonSchema[],
  schema: JsonSchema,
  schemas: Schemas,
  common: Pick<Shape, "isNullable" | "description" | "component">,
): Shape | undefined {
  const shapes = members.map((member) => shapeOfMember(member, schemas));
  const [first] = shapes;
  if (first === undefined || shapes.some((shape) => shape === undefined)) return undefined;
  const named = textOf(jsonObjectOf(schema["discriminator"])["propertyName"]);
  for (const field of named === undefined ? Object.keys(first) : [named]) {
    const found = new Map<string, JsonSchema>();
    members.forEach((member, index) => {
      const value = constantOf(shapes[index]?.[field]) ?? (named && mappedValueOf(member, schema));
      if (value !== undefined) found.set(value, member);
    });
    if (found.size === members.length) return { ...common, kind: "union", discriminator: field, members: found };
  }
  return undefined;
}

function shapeOfMember(member: JsonSchema, schemas: Schemas): Record<string, JsonSchema> | undefined {
  const { schema, members } = unwrap(member, schemas);
  const properties = jsonObjectOf(schema["properties"]) as Record<string, JsonSchema>;
  return members === undefined && Object.keys(properties).length > 0 ? properties : undefined;
}

function constantOf(schema: JsonSchema | undefined): string | undefined {
  const { const: value, enum: values } = schema ?? {};
  return textOf(value) ?? (Array.isArray(values) && values.length === 1 ? textOf(values[0]) : undefined);
}

/** OpenAPI's own way: a mapping of values to references, or the name of the component. */
function mappedValueOf(member: JsonSchema, schema: JsonSchema): string | undefined {
  const mapping = Object.entries(jsonObjectOf(jsonObjectOf(schema["discriminator"])["mapping"]));
  return mapping.find(([, reference]) => reference === member["$ref"])?.[0] ?? referenceOf(member);
}

function commonScalar(members: readonly JsonSchema[], schemas: Schemas): ScalarName {
  const texts: readonly ScalarName[] = ["String", "ID", "DateTime", "Date"];
  const isText = members.every((member) => {
    const shape = unwrap(member, schemas).schema;
    return shape["type"] === "string" && texts.includes(scalarOf("string", shape));
  });
  return isText ? "String" : "JSON";
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function textsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === "string") : [];
}
