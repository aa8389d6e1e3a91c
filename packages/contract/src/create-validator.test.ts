import assert from "node:assert/strict";
import { test } from "node:test";
import { createValidator } from "./create-validator.ts";

const schema = {
  $id: "urn:test:order",
  type: "object",
  properties: {
    at: { type: "string", format: "date-time" },
    items: { type: "array", items: { type: "object", properties: { "a/b": { enum: ["x", "y"] } }, required: ["a/b"] } },
    kind: { const: "order" },
  },
  required: ["at"],
  additionalProperties: false,
};

test("createValidator() lists nothing for what is valid", () => {
  const validate = createValidator(schema);
  assert.deepEqual(validate({ at: "2026-01-02T03:04:05Z", items: [{ "a/b": "x" }], kind: "order" }), []);
});

test("createValidator() names the path of each complaint", () => {
  const validate = createValidator(schema);
  assert.deepEqual(validate({ at: "today", items: [{}, { "a/b": "z" }], kind: "offer", more: 1 }).toSorted(), [
    'at: must match format "date-time"',
    'items.0: "a/b" is missing',
    'items.1.a/b: must be one of ["x","y"]',
    'kind: must be "order"',
    'unknown field "more"',
  ]);
  assert.deepEqual(validate({}), ['"at" is missing']);
  assert.deepEqual(validate(7), ["must be object"]);
});

test("createValidator() lists at most ten complaints", () => {
  const validate = createValidator({ type: "array", items: { type: "string" } });
  assert.equal(validate(Array.from({ length: 1000 }, (_, index) => index)).length, 10);
});

test("createValidator() takes another schema of the same $id", () => {
  createValidator(schema);
  const other = createValidator({ $id: "urn:test:order", type: "string" });
  assert.deepEqual(other("x"), []);
});

test("createValidator() compiles a schema object once, and another that is equal on its own", () => {
  const first = createValidator(schema);
  assert.equal(createValidator(schema), first);
  assert.notEqual(createValidator(structuredClone(schema)), first);
});

test("createValidator() refuses a schema that is wrong", () => {
  assert.throws(() => createValidator({ type: "nonsense" }), {
    code: "invalid_input",
    message: /the JSON Schema is invalid/,
  });
  assert.throws(() => createValidator({ $ref: "#/$defs/none" }), { code: "invalid_input" });
  createValidator({ type: "string" });
});
