import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { fromQuery, fromText, isQueryType, toQuery } from "./query-values.ts";

const input = z.object({
  limit: z.number().int().default(50),
  ratio: z.number().optional(),
  active: z.boolean().nullable().optional(),
  state: z.array(z.enum(["a", "b"])).optional(),
  seqs: z.array(z.number()).default([]),
  either: z.union([z.number(), z.string()]).optional(),
  text: z.string().optional(),
});

test("fromQuery() converts what the schema wants and leaves the rest as text", () => {
  const query = new URLSearchParams("limit=20&ratio=-1.5e3&active=true&state=a,b&seqs=1&seqs=2&either=7&text=12");
  assert.deepEqual(
    { ...fromQuery(input, query) },
    {
      limit: 20,
      ratio: -1500,
      active: true,
      state: ["a", "b"],
      seqs: [1, 2],
      either: 7,
      text: "12",
    },
  );
  const odd = fromQuery(input, new URLSearchParams("limit=ten&active=yes&either=x&state=&nope=1"));
  assert.deepEqual({ ...odd }, { limit: "ten", active: "yes", either: "x", state: [], nope: "1" });
});

test("fromQuery() takes the names of Object's own methods as unknown fields", () => {
  const values = fromQuery(input, new URLSearchParams("__proto__=1&constructor=2&toString=3"));
  assert.deepEqual(Object.keys(values).toSorted(), ["__proto__", "constructor", "toString"]);
});

test("fromQuery() refuses a scalar that is given twice", () => {
  assert.throws(() => fromQuery(input, new URLSearchParams("limit=1&limit=2")), {
    code: "invalid_input",
    message: /limit is given 2 times/,
  });
});

test("fromText() takes only whole numbers in decimal for numbers", () => {
  for (const text of ["", " ", "0x10", "1_000", "Infinity", "NaN", "1,5", "12abc"]) {
    assert.equal(fromText(z.number(), text), text, text);
  }
  assert.deepEqual(
    ["1", "+2", ".5", "1.", "1e3"].map((text) => fromText(z.number(), text)),
    [1, 2, 0.5, 1, 1000],
  );
});

test("toQuery() is undone by fromQuery()", () => {
  const values = { limit: 5, active: false, state: ["a", "b"], seqs: [1], text: "a&b=c ü+%" };
  const query = new URLSearchParams(toQuery({ ...values, ratio: undefined }).toString());
  assert.deepEqual({ ...fromQuery(input, query) }, values);
});

test("toQuery() refuses a list item with a comma", () => {
  assert.throws(() => toQuery({ state: ["a,b"] }), { code: "invalid_input", message: /"a,b" has a comma/ });
});

test("isQueryType() accepts scalars, unions of scalars and lists of scalars", () => {
  const accepted = [
    z.string(),
    z.literal("x"),
    z.int(),
    z.iso.datetime(),
    z.array(z.boolean()).optional(),
    input.shape.either,
  ];
  for (const schema of accepted) assert.equal(isQueryType(schema), true, schema.def.type);
  const refused = [
    z.object({}),
    z.record(z.string(), z.string()),
    z.array(z.object({})),
    z.array(z.array(z.string())),
    z.unknown(),
  ];
  for (const schema of refused) assert.equal(isQueryType(schema), false, schema.def.type);
});
