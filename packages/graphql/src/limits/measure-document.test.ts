import assert from "node:assert/strict";
import { test } from "node:test";
import type { OpenApiDocument } from "@roost/contract";
import { getOperationAST, parse } from "graphql";
import { composeSchema } from "../schema/compose-schema.ts";
import { measureDocument } from "./measure-document.ts";

/** A list without a largest page, as other makers have them. */
const document: OpenApiDocument = {
  paths: {
    "/things": {
      get: {
        operationId: "list",
        "x-roost-effect": "readonly",
        parameters: [{ name: "limit", in: "query", schema: { type: "integer", default: 30 } }],
        responses: { 200: { content: { "application/json": { schema: { $ref: "#/components/schemas/Things" } } } } },
      },
    },
  },
  components: {
    schemas: {
      Things: {
        type: "object",
        properties: { items: { type: "array", items: { $ref: "#/components/schemas/Thing" } } },
      },
      Thing: {
        type: "object",
        properties: { parts: { type: "array", items: { $ref: "#/components/schemas/Thing" } } },
      },
    },
  },
};

const { schema } = composeSchema([{ name: "own", title: "Own", document, isOwn: true }]);

function measure(text: string, variables: Record<string, unknown> = {}) {
  const parsed = parse(text);
  return measureDocument(parsed, getOperationAST(parsed)!, { schema, variables });
}

test("measureDocument() counts a call as ten, the records of its page, and ten records for each list inside", () => {
  const selection = "{ items { __typename } }";
  assert.equal(measure(`{ list ${selection} }`).cost, 10 + 1 + 30);
  assert.equal(measure("{ list { items { parts { __typename } } } }").cost, 10 + 1 + 30 * (1 + 10));
  assert.deepEqual(measure(`{ a: list ${selection} ...F } fragment F on Query { b: list { __typename } }`), {
    depth: 3,
    aliasCount: 2,
    cost: 41 + 11,
    callCount: 2,
    isIntrospective: false,
  });
});

test("measureDocument() takes the page size that is asked for, however it is written", () => {
  const sizes: [string, Record<string, unknown>, number][] = [
    ["{ list(limit: 100) { items { __typename } } }", {}, 100],
    [`{ list(limit: "100") { items { __typename } } }`, {}, 100],
    ["query ($n: BigInt) { list(limit: $n) { items { __typename } } }", { n: 100 }, 100],
    ["query ($n: BigInt) { list(limit: $n) { items { __typename } } }", { n: "100" }, 100],
    [`query ($n: BigInt = "100") { list(limit: $n) { items { __typename } } }`, {}, 100],
    ["query ($n: BigInt) { list(limit: $n) { items { __typename } } }", {}, 30],
    ["{ list(limit: 0) { items { __typename } } }", {}, 1],
    [`{ list(limit: "many") { items { __typename } } }`, {}, 1_000_000],
  ];
  for (const [text, variables, size] of sizes) assert.equal(measure(text, variables).cost, 11 + size, text);
});
