import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonValue } from "@roost/base";
import { applyMergePatch, mergeStates } from "./merge-state.ts";
import { isSameState, parseState, renderState, stateBytesMax } from "./parse-state.ts";

// RFC 7396, appendix A.
const patches: [JsonValue, JsonValue, JsonValue][] = [
  [{ a: "b" }, { a: "c" }, { a: "c" }],
  [{ a: "b" }, { b: "c" }, { a: "b", b: "c" }],
  [{ a: "b" }, { a: null }, {}],
  [{ a: "b", b: "c" }, { a: null }, { b: "c" }],
  [{ a: ["b"] }, { a: "c" }, { a: "c" }],
  [{ a: "c" }, { a: ["b"] }, { a: ["b"] }],
  [{ a: { b: "c" } }, { a: { b: "d", c: null } }, { a: { b: "d" } }],
  [{ a: [{ b: "c" }] }, { a: [1] }, { a: [1] }],
  [
    ["a", "b"],
    ["c", "d"],
    ["c", "d"],
  ],
  [{ a: "b" }, ["c"], ["c"]],
  [{ a: "foo" }, null, null],
  [{ a: "foo" }, "bar", "bar"],
  [{ e: null }, { a: 1 }, { e: null, a: 1 }],
  [[1, 2], { a: "b", c: null }, { a: "b" }],
  [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
];
for (const [target, patch, result] of patches) {
  test(`applyMergePatch() of ${JSON.stringify(patch)} to ${JSON.stringify(target)}`, () =>
    assert.deepEqual(applyMergePatch(target, patch), result));
}

test("applyMergePatch() makes a field called __proto__ a field", () => {
  const merged = applyMergePatch({}, JSON.parse('{"__proto__": {"polluted": true}}') as JsonValue);
  assert.equal(({} as Record<string, unknown>)["polluted"], undefined);
  assert.equal(JSON.stringify(merged), '{"__proto__":{"polluted":true}}');
});

const merges: [
  base: JsonValue | undefined,
  ours: JsonValue | undefined,
  theirs: JsonValue | undefined,
  merged: JsonValue | { conflict: string[] },
][] = [
  [
    { a: 1, b: 1 },
    { a: 2, b: 1 },
    { a: 1, b: 2 },
    { a: 2, b: 2 },
  ],
  [{ a: 1 }, { a: 2 }, { a: 2 }, { a: 2 }],
  [{ a: 1 }, { a: 2 }, { a: 3 }, { conflict: ["a"] }],
  [{ a: { x: 1, y: 1 } }, { a: { x: 2, y: 1 } }, { a: { x: 1, y: 3 } }, { a: { x: 2, y: 3 } }],
  [{ a: { x: 1 } }, { a: { x: 2 } }, { a: 5 }, { conflict: ["a"] }],
  [{ a: 1, b: 1 }, { b: 1 }, { a: 1, b: 2 }, { b: 2 }],
  [{ a: 1 }, {}, { a: 2 }, { conflict: ["a"] }],
  [{ a: 1 }, { a: 2 }, undefined, { conflict: ["the whole value"] }],
  [{ a: 1 }, { a: 1 }, undefined, null],
  [undefined, { a: 1 }, { b: 1 }, { a: 1, b: 1 }],
  [undefined, { a: 1 }, { a: 2 }, { conflict: ["a"] }],
  [{ l: [1] }, { l: [1, 2] }, { l: [1, 3] }, { conflict: ["l"] }],
];
for (const [base, ours, theirs, merged] of merges) {
  test(`mergeStates() of ${JSON.stringify(ours)} and ${JSON.stringify(theirs)} on ${JSON.stringify(base)}`, () => {
    const result = mergeStates(base, ours, theirs);
    assert.deepEqual(result.state === "merged" ? result.value : { conflict: result.paths }, merged);
  });
}

test("renderState() is the same text for the same value, in any order of fields", () => {
  assert.equal(
    renderState({ b: 1, a: { d: [2, { z: 1, y: 1 }], c: null } }),
    renderState({ a: { c: null, d: [2, { y: 1, z: 1 }] }, b: 1 }),
  );
  assert.equal(renderState({ a: 1 }), '{\n  "a": 1\n}\n');
  assert.ok(isSameState({ a: 1, b: 2 }, { b: 2, a: 1 }));
  assert.ok(!isSameState([1, 2], [2, 1]));
});

test("parseState() says what is wrong with a file, and takes a byte order mark", () => {
  assert.deepEqual(parseState('\uFEFF{"a":1}'), { state: "valid", value: { a: 1 } });
  const invalid: [string, RegExp][] = [
    ["", /empty/],
    ["  \n", /empty/],
    ['{"a":', /not JSON/],
    ["{a:1}", /not JSON/],
    ['{"a":"\\u0000"}', /not well-formed/],
    ['{"\\ud800":1}', /not well-formed/],
    ['{"a":1e999}', /not finite/],
    [`"${"x".repeat(stateBytesMax)}"`, /larger than/],
    ["[".repeat(100) + "]".repeat(100), /deeper/],
  ];
  for (const [text, problem] of invalid) {
    const parsed = parseState(text);
    assert.match(parsed.state === "invalid" ? parsed.problem : "valid", problem, text.slice(0, 20));
  }
});
