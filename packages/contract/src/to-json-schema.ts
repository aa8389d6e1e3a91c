/**
 * JSON Schema (draft 2020-12) of a zod schema. Objects are closed, so that a
 * change between versions can be judged, unless asked otherwise. What zod adds beyond
 * the contract (long patterns beside a format, the bounds of safe integers) is left out.
 */
import type { JsonValue } from "@roost/base";
import { z } from "zod";

/** A JSON Schema document or a part of one. */
export type JsonSchema = { [keyword: string]: JsonValue };

export interface JsonSchemaOptions {
  /** Whether the schema is of what is given (defaults may be missing) or of what results. */
  io?: "input" | "output";
  /** Whether objects may have fields that the schema does not name. */
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
  // zod adds keys that JSON does not have ("~standard", getters); this leaves what is written.
  return JSON.parse(JSON.stringify(json)) as JsonSchema;
}

/** A format's own pattern: long, and said by the format. One that the contract adds is kept. */
function ownPatternOf(definition: { pattern?: RegExp }): string | undefined {
  return definition.pattern?.source;
}
