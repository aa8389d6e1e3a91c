import assert from "node:assert/strict";
import { test } from "node:test";
import { splitFrontMatter } from "./split-front-matter.ts";

test("splitFrontMatter() takes what stands between lines of dashes at the beginning, and nothing else", () => {
  const rows: [text: string, keys: string, body: string][] = [
    ["---\na: 1\n---\n\nHello\n", "a: 1\n", "Hello"],
    ["\uFEFF--- \r\na: 1\r\n---\r\nHello", "a: 1\r\n", "Hello"],
    ["---\n---\nHello", "", "Hello"],
    ["---\na: 1\n---", "a: 1\n", ""],
    ["Hello\n---\na: 1\n---\n", "", "Hello\n---\na: 1\n---"],
    ["---\na: 1\n", "", "---\na: 1"],
  ];
  for (const [text, keys, body] of rows) assert.deepEqual(splitFrontMatter(text), { keys, body }, JSON.stringify(text));
});
