import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { readJsonLines } from "./read-json-lines.ts";

test("readJsonLines() reads lines of any separators within their texts, and names a torn and an endless one alone", async () => {
  const directory = await mkdtemp(join(tmpdir(), "roost-lines-"));
  try {
    const path = join(directory, "a.jsonl");
    const texts = ["one\u2028two\u2029three\u0085four", "x".repeat(100_000)];
    const [first, second] = texts.map((text) => JSON.stringify({ text }));
    await writeFile(path, `\uFEFF${first}\r\n\n{"torn\n${"y".repeat(17 * 1024 ** 2)}\n${second}`);
    const entries = await Array.fromAsync(readJsonLines(path));
    assert.deepEqual(
      entries.map((entry) => ("problem" in entry ? entry.problem.slice(0, 16) : entry.value["text"])),
      [texts[0], "it is torn or fo", "it is longer tha", texts[1]],
    );
    assert.deepEqual(
      entries.map(({ seq }) => seq),
      [1, 3, 4, 5],
    );
  } finally {
    await rm(directory, { recursive: true });
  }
});
