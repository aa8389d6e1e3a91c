import assert from "node:assert/strict";
import { test } from "node:test";
import { firstDifference } from "./first-difference.ts";

const cases: [title: string, recorded: unknown, replayed: unknown, expected: unknown][] = [
  ["nothing, whatever the order of keys", { a: 1, b: [2] }, { b: [2], a: 1 }, undefined],
  ["a path", { a: { b: [1, 2] } }, { a: { b: [1, 3] } }, { at: ".a.b[1]", recorded: "2", replayed: "3" }],
  ["what is missing", { a: 1 }, { a: 1, b: null }, { at: ".b", recorded: null, replayed: "null" }],
  ["a longer list", ["x"], ["x", "y"], { at: "[1]", recorded: null, replayed: "y" }],
  ["a line", "one\ntwo", "one\n2", { at: ", line 2", recorded: "two", replayed: "2" }],
  ["a further line", "one", "one\ntwo", { at: ", line 2", recorded: null, replayed: "two" }],
  ["another kind", { a: "1" }, { a: [1] }, { at: ".a", recorded: "1", replayed: "[1]" }],
];
for (const [title, recorded, replayed, expected] of cases)
  test(`firstDifference() finds ${title}`, () => assert.deepEqual(firstDifference(recorded, replayed), expected));

test("firstDifference() shows the place in a long line, and no more than a report has room for", () => {
  const before = `${"a".repeat(5_000)}b${"c".repeat(5_000)}`;
  const found = firstDifference(before, before.replace("b", "d"));
  assert.match(found?.recorded ?? "", /^…a{60}bc+…$/);
  assert.match(found?.replayed ?? "", /^…a{60}dc+…$/);
  assert.ok(found!.recorded!.length <= 2_000);
});
