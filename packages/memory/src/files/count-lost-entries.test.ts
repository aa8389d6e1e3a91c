import assert from "node:assert/strict";
import { test } from "node:test";
import { createTestMemory } from "../testing/create-test-memory.ts";
import { countLostEntries } from "./count-lost-entries.ts";
import { readHomeFile } from "./read-home-file.ts";
import { writeHomeFile } from "./write-home-file.ts";

const lines = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, n) => `- entry number ${from + n} about topic${from + n}`).join("\n");

test("countLostEntries() knows entries in other words, and counts what is gone", () => {
  const before = `# Memory\n\n${lines(0, 20)}\n- Anna, my sister, lives in Munich since May`;
  assert.equal(countLostEntries(before, before).lostCount, 0);
  const merged = before.replace("- Anna, my sister, lives in Munich since May", "- My sister Anna lives in Munich");
  assert.equal(countLostEntries(before, merged).lostCount, 0);
  assert.deepEqual(countLostEntries(before, lines(0, 16)), { lostCount: 5, entryCount: 21, isTooMuch: false });
  assert.equal(countLostEntries(before, lines(0, 12)).isTooMuch, true);
  assert.equal(countLostEntries("- a\n- b\n- c", "- a\n- b").isTooMuch, false, "one may always go");
  assert.equal(countLostEntries("- a\n- b\n- c\n- d", "- a\n- b").isTooMuch, true);
});

test("writeHomeFile() of a run refuses a MEMORY.md that drops more than a quarter of its entries; a person's is written", async () => {
  await using home = await createTestMemory({ files: { "MEMORY.md": `${lines(0, 20)}\n` } });
  const as = { kind: "main" as const };
  const { sha256 } = await readHomeFile(home.memory, "MEMORY.md", { as });
  const write = (text: string, runId?: string) =>
    writeHomeFile(home.memory, { path: "MEMORY.md", text, expected: sha256, as, by: "session:main", runId });
  await assert.rejects(write("- all is well\n", crypto.randomUUID()), {
    code: "invalid_input",
    message: /would drop 20 of the 20 entries of MEMORY\.md/,
  });
  assert.equal(await home.read("MEMORY.md"), `${lines(0, 20)}\n`);
  const kept = await write(`${lines(0, 17)}\n`, crypto.randomUUID());
  assert.equal(kept.state, "written");
  // The version before is kept.
  assert.ok((await home.memory.versions.get(sha256)) !== undefined);
});
