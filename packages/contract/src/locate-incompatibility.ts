/**
 * Locates an incompatibility already known to exist: follows fields, items and references to the smallest part that still disagrees. For
 * explanation only.
 */
import type { JsonValue } from "@roost/base";
import type { JsonSchema } from "./to-json-schema.ts";

type Accepts = (writer: JsonSchema, reader: JsonSchema) => boolean;

const depthMax = 32;

export function locateIncompatibility(
  writer: JsonSchema,
  reader: JsonSchema,
  accepts: Accepts,
): { path: string; reason: string } {
  const disagrees = (left: JsonSchema, right: JsonSchema) => {
    try {
      return !accepts(withDefinitions(left, writer), withDefinitions(right, reader));
    } catch {
      return false; // A part that cannot be compared alone: the whole is named instead.
    }
  };
  return descend(writer, reader, "");

  function descend(left: JsonSchema, right: JsonSchema, path: string, depth = 0): { path: string; reason: string } {
    const from = resolve(left, writer);
    const to = resolve(right, reader);

    if (depth < depthMax) {
      const leftFields = fieldsOf(from["properties"]);
      const rightFields = fieldsOf(to["properties"]);
      for (const [field, schema] of Object.entries(leftFields)) {
        const other = rightFields[field];
        if (other !== undefined && disagrees(schema, other))
          return descend(schema, other, join(path, field), depth + 1);
      }
      for (const field of textsOf(to["required"])) {
        if (!textsOf(from["required"]).includes(field))
          return { path: join(path, field), reason: "the field is required on one side only" };
      }
      if (to["additionalProperties"] === false) {
        for (const field of Object.keys(leftFields)) {
          if (!(field in rightFields))
            return { path: join(path, field), reason: "the field is known on one side only" };
        }
      }
      const leftItems = schemaOf(from["items"]);
      const rightItems = schemaOf(to["items"]);
      if (leftItems !== undefined && rightItems !== undefined && disagrees(leftItems, rightItems)) {
        return descend(leftItems, rightItems, `${path}[]`, depth + 1);
      }
    }
    return { path, reason: describe(from, to) };
  }
}

function describe(from: JsonSchema, to: JsonSchema): string {
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
  if (
    from["anyOf"] !== undefined ||
    from["oneOf"] !== undefined ||
    to["anyOf"] !== undefined ||
    to["oneOf"] !== undefined
  ) {
    return "no alternative of the reader accepts all of an alternative of the writer";
  }
  return "the writer allows values that the reader refuses";
}

function resolve(schema: JsonSchema, root: JsonSchema): JsonSchema {
  let current = schema;
  for (let depth = 0; depth < depthMax; depth += 1) {
    const reference = current["$ref"];
    if (typeof reference !== "string" || !reference.startsWith("#/$defs/")) break;
    const target = fieldsOf(root["$defs"])[reference.slice("#/$defs/".length)];
    if (target === undefined) break;
    current = target;
  }
  return current;
}

function withDefinitions(part: JsonSchema, root: JsonSchema): JsonSchema {
  return root["$defs"] === undefined || part === root ? part : { ...part, $defs: root["$defs"] };
}

function schemaOf(value: JsonValue | undefined): JsonSchema | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined;
}

function fieldsOf(value: JsonValue | undefined): Record<string, JsonSchema> {
  const fields: Record<string, JsonSchema> = {};
  for (const [name, schema] of Object.entries(schemaOf(value) ?? {})) fields[name] = schemaOf(schema) ?? {};
  return fields;
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
