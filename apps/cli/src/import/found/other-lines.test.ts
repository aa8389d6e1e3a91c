import assert from "node:assert/strict";
import { test } from "node:test";
import { createOtherLines } from "./other-lines.ts";

test("createOtherLines() counts a line that is kept, and not one that is refused for its length", () => {
  const others = createOtherLines();
  const line = (text: string) => ({ ref: "r", record: { text }, charsMax: 100 });
  assert.equal(others.keep("custom", line("short"))?.found, "record");
  assert.equal(others.keep("custom", line("x".repeat(100))), undefined);
  assert.equal(others.keep("usage", line("x".repeat(100))), undefined);
  assert.deepEqual(others.tell("a.jsonl", "kept"), [
    { found: "no-place", name: "a.jsonl", reason: "kept: custom (1)" },
  ]);
});
