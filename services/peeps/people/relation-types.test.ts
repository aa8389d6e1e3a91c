import assert from "node:assert/strict";
import { test } from "node:test";
import { relationTypeOf, relationTypes } from "./relation-types.ts";

test("relationTypeOf() knows the words that people write, and keeps one that it does not know", () => {
  const names = (...words: string[]) => words.map((word) => relationTypeOf(word).name);
  assert.deepEqual(names("Wife", "domestic_partner", "Mother", "son", "Boss", "coworker"), [
    "spouse",
    "partner",
    "parent",
    "child",
    "manager",
    "colleague",
  ]);
  assert.deepEqual(relationTypeOf("Sailing  teacher"), {
    name: "sailing teacher",
    reverse: "sailing teacher",
    group: "other",
  });
});

test("relationTypeOf() gives a type whose reverse leads back to it", () => {
  for (const { name, reverse, group } of relationTypes)
    assert.deepEqual(relationTypeOf(reverse), { name: reverse, reverse: name, group }, name);
});
