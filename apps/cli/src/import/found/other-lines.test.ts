import assert from "node:assert/strict";
import { test } from "node:test";
import { createOtherLines } from "./other-lines.ts";

test("createOtherLines() counts a line that is kept, and not one that is refused for its length", () => {
  const others = createOtherLines();
  const line = (text: string) => ({ ref: "r", record: { text }, charsMax: 100, place: "a.jsonl line 2" });
  const refusal = { found: "refused", name: "a.jsonl line 2", reason: "it is longer than 100 characters" };
  assert.equal(others.keep("custom", line("short")).found, "record");
  assert.deepEqual(others.keep("custom", line("x".repeat(100))), refusal);
  assert.deepEqual(others.keep("usage", line("x".repeat(100))), refusal);
  assert.deepEqual(others.tell("a.jsonl", "kept"), [
    { found: "no-place", name: "a.jsonl", reason: "kept: custom (1)" },
  ]);
});
