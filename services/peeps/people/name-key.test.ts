import assert from "node:assert/strict";
import { test } from "node:test";
import { isSameName, nameKey } from "./name-key.ts";

test("nameKey() is one for spellings, orders, accents, titles and short forms of a name", () => {
  const keys = ["Zoë Müller", "Müller, Zoe", "Dr. Zoë  MULLER"].map(nameKey);
  assert.deepEqual(new Set(keys), new Set(["muller zoe"]));
  assert.equal(nameKey("Bob Smith"), nameKey("Robert Smith"));
  assert.notEqual(nameKey("Ida Berg"), nameKey("Ida Borg"));
});

test("isSameName() takes a part of a name for the name", () => {
  assert.ok(isSameName(nameKey("Ida"), nameKey("Ida Berg")));
  assert.ok(!isSameName(nameKey("Ida Berg"), nameKey("Mats Berg")));
});
