import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { toJsonSchema } from "./to-json-schema.ts";

const schema = z.object({
  at: z.iso.datetime(),
  count: z.number().int().default(1),
  note: z.string().nullable(),
  loose: z.looseObject({ a: z.string() }).optional(),
  map: z.record(z.string(), z.number()).optional(),
});

test("toJsonSchema() closes objects, and leaves open what the schema says is open", () => {
  assert.deepEqual(toJsonSchema(schema), {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    type: "object",
    properties: {
      at: { type: "string", format: "date-time" },
      count: { type: "integer", default: 1 },
      note: { type: ["string", "null"] },
      loose: { type: "object", properties: { a: { type: "string" } }, required: ["a"], additionalProperties: {} },
      map: { type: "object", propertyNames: { type: "string" }, additionalProperties: { type: "number" } },
    },
    required: ["at", "count", "note"],
    additionalProperties: false,
  });
});

test("toJsonSchema() opens objects when asked, and does not require defaults of input", () => {
  const json = toJsonSchema(schema, { io: "input", objects: "open" });
  assert.equal("additionalProperties" in json, false);
  assert.deepEqual(json["required"], ["at", "note"]);
  assert.equal(toJsonSchema(schema, { io: "input" })["additionalProperties"], false);
});

test("toJsonSchema() is plain JSON", () => {
  const json = toJsonSchema(schema);
  assert.deepEqual(JSON.parse(JSON.stringify(json)), json);
});

test("toJsonSchema() keeps a pattern that is written beside a format, and not the format's own", () => {
  const years = z.object({ at: z.iso.datetime({ offset: true }).meta({ pattern: "^20" }) });
  assert.deepEqual(toJsonSchema(years)["properties"], { at: { type: "string", format: "date-time", pattern: "^20" } });
});
