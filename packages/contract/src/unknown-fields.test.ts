import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { findUnknownFields } from "./unknown-fields.ts";

const schema = z.object({
  name: z.string(),
  list: z.array(z.object({ a: z.number() })).default([]),
  either: z
    .discriminatedUnion("kind", [z.object({ kind: z.literal("x"), x: z.number() }), z.object({ kind: z.literal("y") })])
    .optional(),
  any: z.unknown().optional(),
  map: z.record(z.string(), z.unknown()).optional(),
});

function unknownIn(given: Record<string, unknown>): string[] {
  return findUnknownFields(given, schema.parse(given));
}

test("findUnknownFields() finds nothing in what the schema knows, whatever is below an open field", () => {
  const given = {
    name: "n",
    list: [{ a: 1 }],
    either: { kind: "x", x: 1 },
    any: { deep: { er: [1, { z: 2 }] } },
    map: { k: { v: 1 } },
    left: undefined,
  };
  assert.deepEqual(unknownIn(given), []);
});

test("findUnknownFields() finds dropped fields at any depth", () => {
  const given = { name: "n", nme: 1, list: [{ a: 1 }, { a: 2, b: 3 }], either: { kind: "y", x: 1 } };
  assert.deepEqual(unknownIn(given), ["nme", "list[1].b", "either.x"]);
});

test("findUnknownFields() stops at its limit", () => {
  const given: Record<string, unknown> = { name: "n" };
  for (let index = 0; index < 1000; index += 1) given[`x${index}`] = 1;
  assert.equal(unknownIn(given).length, 10);
});
