import assert from "node:assert/strict";
import { test } from "node:test";
import { fitText } from "./fit-text.ts";

test("fitText() drops NUL and halves of characters", () => {
  assert.equal(fitText("a\u0000b", 10), "ab");
  assert.equal(fitText("ab😀", 3), "ab");
  assert.equal(fitText("\ud83d", 3), "\ufffd");
  assert.ok(fitText("😀".repeat(10), 7).isWellFormed());
});
