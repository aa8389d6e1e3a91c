import assert from "node:assert/strict";
import { test } from "node:test";
import { scanJson } from "./scan-json.ts";

test("scanJson() finds a name that an object has twice, however it is written, and not one of two objects", () => {
  assert.deepEqual(scanJson('{"a":1,"b":{"c":1,"c":2}}', { levelsMax: 10 }), { kind: "name", name: "c" });
  assert.deepEqual(scanJson(String.raw`{"a":1,"\u0061":2}`, { levelsMax: 10 }), { kind: "name", name: "a" });
  assert.deepEqual(scanJson('{"__proto__":1,"__proto__":2}', { levelsMax: 10 }), { kind: "name", name: "__proto__" });
  for (const text of ['{"a":{"a":[{"a":1},{"a":2}]},"b":"a"}', String.raw`{"a\"":1,"a":"\\\":{"}`, '["a","a"]', ""]) {
    assert.equal(scanJson(text, { levelsMax: 10 }), undefined, text);
  }
});

test("scanJson() finds nesting that is too deep, and does not count brackets in texts", () => {
  assert.deepEqual(scanJson("[[[]]]", { levelsMax: 2 }), { kind: "depth" });
  assert.equal(scanJson('[["[[[{"]]', { levelsMax: 2 }), undefined);
  assert.deepEqual(scanJson("[".repeat(1_000_000), { levelsMax: 200 }), { kind: "depth" });
});

test("scanJson() counts values, wherever they stand, and not what looks like them in texts", () => {
  const bounds = { levelsMax: 10, valuesMax: 4 };
  for (const text of ["[1,2,3,4]", '{"a":[{"b":[]}]}', '["{,[,{,[,"]']) assert.equal(scanJson(text, bounds), undefined);
  for (const text of ["[1,2,3,4,5]", '{"a":[{"b":[{}]}]}', "[{},{},{}]"])
    assert.deepEqual(scanJson(text, bounds), { kind: "count" }, text);
});

test("scanJson() leaves what is not JSON to the parser", () => {
  for (const text of ['"', '{"a', "}]]", ':{"a":', String.raw`{"\u00zz":1,"\u00zz":2}`]) {
    assert.equal(scanJson(text, { levelsMax: 10 }), undefined, text);
  }
});
