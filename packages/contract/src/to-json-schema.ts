/**
 * Converts a zod schema to JSON Schema (draft 2020-12). Objects are closed by default, so that changes between versions can be compared. zod's
 * additions (long patterns beside a format, safe-integer bounds) are left out.
 */
import type { JsonValue } from "@roost/base";
import { z } from "zod";

/** A JSON Schema document or part of one. */
export type JsonSchema = { [keyword: string]: JsonValue };

export interface JsonSchemaOptions {
  /** Whether the schema is for input (defaults may be missing) or output. */
  io?: "input" | "output";
  /** Whether objects may have unknown fields. */
  objects?: "closed" | "open";
}

export function toJsonSchema(schema: z.ZodType, options: JsonSchemaOptions = {}): JsonSchema {
  const isOpen = options.objects === "open";
  const json = z.toJSONSchema(schema, {
    target: "draft-2020-12",
    io: options.io ?? "output",
    override: ({ zodSchema, jsonSchema }) => {
      const definition = zodSchema._zod.def as { type: string; catchall?: unknown; pattern?: RegExp };
      if (definition.type === "object" && definition.catchall === undefined) {
        if (isOpen) delete jsonSchema.additionalProperties;
        else jsonSchema.additionalProperties = false;
      }
      if (jsonSchema.format !== undefined && jsonSchema.pattern === ownPatternOf(definition)) delete jsonSchema.pattern;
      if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
    },
  });
  // zod adds keys that JSON does not have ("~standard", getters); this drops them.
  return JSON.parse(JSON.stringify(json)) as JsonSchema;
}

/** A format's own pattern is long and implied by the format; patterns that the contract adds are kept. */
function ownPatternOf(definition: { pattern?: RegExp }): string | undefined {
  return definition.pattern?.source;
}
