import assert from "node:assert/strict";
import { test } from "node:test";
import { cutText } from "./cut-text.ts";

test("cutText() drops NUL and halves of characters", () => {
  assert.equal(cutText("a\u0000b", 10), "ab");
  assert.equal(cutText("ab😀", 3), "ab");
  assert.equal(cutText("\ud83d", 3), "\ufffd");
  assert.ok(cutText("😀".repeat(10), 7).isWellFormed());
});
