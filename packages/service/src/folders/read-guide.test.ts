import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { readGuide } from "./read-guide.ts";

test("readGuide() tells words, rules and prose of a domain, and names what is wrong in its file", async (context) => {
  const directory = await mkdtemp(join(tmpdir(), "roost-guide-"));
  context.after(() => rm(directory, { recursive: true, force: true }));
  assert.deepEqual(await readGuide(directory), { text: "", vocabulary: {} });
  const write = (name: string, text: string) => writeFile(join(directory, name), text);
  await write("domain.yaml", "vocabulary: { shelf: Books that wait }\ninvariants: [A book is read once]\n");
  await write("AGENTS.md", "Ask before you remove a book.\n");
  assert.deepEqual(await readGuide(directory), {
    text: "Words of this domain:\n- shelf: Books that wait\n\nWhat always holds:\n- A book is read once\n\nAsk before you remove a book.",
    vocabulary: { shelf: "Books that wait" },
  });
  await write("domain.yaml", "words: {}\n");
  await assert.rejects(readGuide(directory), { code: "invalid_input", message: /domain\.yaml: unknown field words/ });
  await write("domain.yaml", "a: [\n");
  await assert.rejects(readGuide(directory), { code: "invalid_input", message: /domain\.yaml: / });
  await write("domain.yaml", "");
  await write("AGENTS.md", "x".repeat(20_001));
  await assert.rejects(readGuide(directory), { code: "limit_exceeded" });
});
