import assert from "node:assert/strict";
import { test } from "node:test";
import { assertEvenGrowth } from "@roost/base/testing/assert-even-growth";
import { patch } from "./diff-of-call.ts";

test("patch() shows a change, and all that is new where too much differs, in a time that grows with the text", () => {
  const lines = (word: string, count: number) => Array.from({ length: count }, (_, at) => `${word} ${at}\n`).join("");
  assert.match(patch("MEMORY.md", lines("a", 3), `${lines("a", 3)}new\n`), /\n\+new\n/);
  assert.match(patch("MEMORY.md", lines("a", 2_000), lines("b", 2_000)), /all of MEMORY\.md after the call\)\nb 0\n/);
  assertEvenGrowth((count) => void patch("x", lines("a", count), lines("b", count)), { size: 2_000 });
});
