import assert from "node:assert/strict";
import { test } from "node:test";
import { advanceOffsets, formatOffsets, parseOffsets } from "./offsets.ts";

test("formatOffsets() and parseOffsets() are each other's inverse", () => {
  const offsets = { "runs/1": 7, "runs/0": 12, "a-b_c/10": 0 };
  assert.equal(formatOffsets(offsets), "a-b_c/10:0,runs/0:12,runs/1:7");
  assert.deepEqual(parseOffsets(formatOffsets(offsets)), offsets);
  assert.deepEqual(parseOffsets(""), {});
});

test("parseOffsets() refuses anything else and says how offsets are written", () => {
  for (const text of [
    "runs:1",
    "runs/0",
    "runs/0:-1",
    "runs/0:1,",
    ",",
    "Runs/0:1",
    "runs/0:9999999999999999",
    "x".repeat(10_000),
    "__proto__/0:1",
  ]) {
    assert.throws(() => parseOffsets(text), { code: "invalid_input", message: /runs\/0:12/ }, text);
  }
  assert.throws(() => parseOffsets(Array.from({ length: 2001 }, (_, n) => `t${n}/0:1`).join(",")), {
    code: "invalid_input",
    message: /limit 2000/,
  });
});

test("advanceOffsets() stands behind the event", () => {
  assert.deepEqual(advanceOffsets({ "runs/1": 7 }, { topic: "runs", partition: 1, offset: 7 }), { "runs/1": 8 });
});
