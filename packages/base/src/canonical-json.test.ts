import assert from "node:assert/strict";
import { test } from "node:test";
import { canonicalJson } from "./canonical-json.ts";

test("canonicalJson() is the same whatever order keys have, and for what a database returns", () => {
  const value = { b: [1, { d: null, c: "ü" }], a: new Date(0), left: undefined };
  assert.equal(canonicalJson(value), '{"a":"1970-01-01T00:00:00.000Z","b":[1,{"c":"ü","d":null}]}');
  assert.equal(canonicalJson(JSON.parse(JSON.stringify(value))), canonicalJson(value));
  assert.notEqual(canonicalJson([1, 2]), canonicalJson([2, 1]));
  assert.equal(canonicalJson(undefined), "null");
});
