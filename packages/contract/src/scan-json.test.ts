import assert from "node:assert/strict";
import { test } from "node:test";
import { scanJson } from "./scan-json.ts";

test("scanJson() finds a name that an object has twice, however it is written, and not one of two objects", () => {
  assert.deepEqual(scanJson('{"a":1,"b":{"c":1,"c":2}}', 10), { kind: "name", name: "c" });
  assert.deepEqual(scanJson(String.raw`{"a":1,"\u0061":2}`, 10), { kind: "name", name: "a" });
  assert.deepEqual(scanJson('{"__proto__":1,"__proto__":2}', 10), { kind: "name", name: "__proto__" });
  for (const text of ['{"a":{"a":[{"a":1},{"a":2}]},"b":"a"}', String.raw`{"a\"":1,"a":"\\\":{"}`, '["a","a"]', ""]) {
    assert.equal(scanJson(text, 10), undefined, text);
  }
});

test("scanJson() finds nesting that is too deep, and does not count brackets in texts", () => {
  assert.deepEqual(scanJson("[[[]]]", 2), { kind: "depth" });
  assert.equal(scanJson('[["[[[{"]]', 2), undefined);
  assert.deepEqual(scanJson("[".repeat(1_000_000), 200), { kind: "depth" });
});

test("scanJson() leaves what is not JSON to the parser", () => {
  for (const text of ['"', '{"a', "}]]", ':{"a":', String.raw`{"\u00zz":1,"\u00zz":2}`]) {
    assert.equal(scanJson(text, 10), undefined, text);
  }
});
