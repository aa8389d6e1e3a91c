// Describes a schema to a model as text: TypeScript types with each field's description. A third of the tokens of the JSON.

import { jsonObjectOf, type JsonObject, type JsonValue } from "@roost/base";

/** `name({ field: string, other?: 1 | 2 })` for a plain schema, with descriptions as comments. */
export function describeArguments(name: string, schema: JsonObject): string {
  return `${name}(${typeOf(schema)})`;
}

function typeOf(schema: JsonObject): string {
  const choices = listOf(schema["anyOf"]);
  if (choices.length > 0) return choices.map((choice) => typeOf(jsonObjectOf(choice))).join(" | ");
  const values = listOf(schema["enum"]);
  if (values.length > 0) return values.map((value) => JSON.stringify(value)).join(" | ");
  const type = schema["type"];
  if (Array.isArray(type)) return type.map((each) => typeOf({ ...schema, type: each })).join(" | ");
  if (type === "array") return `[${schema["items"] === undefined ? "…" : typeOf(jsonObjectOf(schema["items"]))}, …]`;
  if (type === "object" || schema["properties"] !== undefined) return objectText(schema);
  return typeof type === "string" ? type : "any";
}

function objectText(schema: JsonObject): string {
  const fields = Object.entries(jsonObjectOf(schema["properties"]));
  if (fields.length === 0) return "{…}";
  const required = new Set(listOf(schema["required"]));
  const lines = fields.map(([name, value]) => {
    const field = jsonObjectOf(value);
    const meaning = typeof field["description"] === "string" ? ` /* ${field["description"]} */` : "";
    return `${name}${required.has(name) ? "" : "?"}: ${typeOf(field)}${meaning}`;
  });
  return `{ ${lines.join(", ")} }`;
}

function listOf(value: JsonValue | undefined): JsonValue[] {
  return Array.isArray(value) ? value : [];
}
