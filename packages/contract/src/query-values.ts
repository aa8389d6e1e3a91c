/**
 * Converts values in paths and query strings from text to the field's type, and back. Text that does not convert is left for the schema to refuse.
 */
// tidy: one mapping, in both directions.
import { RoostError } from "@roost/base/browser";
import type { z } from "zod";

type AnyZodType = z.core.$ZodType;
type Definition = {
  type: string;
  innerType?: AnyZodType;
  in?: AnyZodType;
  element?: AnyZodType;
  options?: AnyZodType[];
};
type Unwrapped = { def: Definition };

const wrappers: ReadonlySet<string> = new Set([
  "optional",
  "nullable",
  "default",
  "prefault",
  "nonoptional",
  "readonly",
  "catch",
]);
const scalars: ReadonlySet<string> = new Set([
  "string",
  "number",
  "int",
  "boolean",
  "enum",
  "literal",
  "template_literal",
]);

/** The type inside optional, default, nullable and similar wrappers. */
export function baseTypeOf(schema: AnyZodType): Unwrapped {
  let definition: Definition = schema._zod.def;
  for (;;) {
    if (wrappers.has(definition.type) && definition.innerType !== undefined) {
      definition = definition.innerType._zod.def;
    } else if (definition.type === "pipe" && definition.in !== undefined) {
      definition = definition.in._zod.def;
    } else {
      return { def: definition };
    }
  }
}

/** Whether a field fits a query string: a scalar, a union of scalars, or a list of them. */
export function isQueryType(schema: AnyZodType): boolean {
  const { def } = baseTypeOf(schema);
  if (def.type === "array") return def.element !== undefined && isScalarType(def.element);
  return isScalarType(schema);
}

function isScalarType(schema: AnyZodType): boolean {
  const { def } = baseTypeOf(schema);
  if (def.type === "union") return (def.options ?? []).every(isScalarType);
  return scalars.has(def.type);
}

/** Converts one value of a path. */
export function fromText(schema: AnyZodType, text: string): unknown {
  const { def } = baseTypeOf(schema);
  if (def.type === "number" || def.type === "int") {
    return /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text) ? Number(text) : text;
  }
  if (def.type === "boolean") {
    if (text === "true" || text === "1") return true;
    if (text === "false" || text === "0") return false;
    return text;
  }
  if (def.type === "union") {
    for (const option of def.options ?? []) {
      const value = fromText(option, text);
      if (typeof value !== "string") return value;
    }
  }
  return text;
}

/**
 * Parses a query string into an object. Lists are repeated (`type=a&type=b`) or comma-separated (`type=a,b`).
 * @throws invalid_input for a scalar given twice
 */
export function fromQuery(input: z.ZodObject, query: URLSearchParams): Record<string, unknown> {
  const values: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  for (const name of new Set(query.keys())) {
    const texts = query.getAll(name);
    const field = Object.hasOwn(input.shape, name) ? (input.shape[name] as AnyZodType) : undefined;
    if (field === undefined) {
      values[name] = texts[0]; // Unknown: the caller refuses it by name.
      continue;
    }
    const { def } = baseTypeOf(field);
    if (def.type === "array" && def.element !== undefined) {
      const { element } = def;
      const items = texts.flatMap((text) => text.split(",")).filter((text) => text !== "");
      values[name] = items.map((text) => fromText(element, text));
    } else if (texts.length > 1) {
      throw new RoostError("invalid_input", `${name} is given ${texts.length} times in the query string: give it once`);
    } else {
      values[name] = fromText(field, texts[0] as string);
    }
  }
  return values;
}

/**
 * Formats values as a query string, without undefined ones.
 * @throws invalid_input for a list item with a comma
 */
export function toQuery(values: Readonly<Record<string, unknown>>): URLSearchParams {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined) continue;
    if (!Array.isArray(value)) {
      query.append(name, String(value));
      continue;
    }
    for (const item of value) {
      if (String(item).includes(",")) {
        throw new RoostError(
          "invalid_input",
          `${name}: "${String(item)}" has a comma, which a list in a query string cannot hold`,
        );
      }
      query.append(name, String(item));
    }
  }
  return query;
}
