/** Lines that say what was corrected in words that share none with it, by the vectors of a server that knows which words are the same. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createEmbedder } from "@roost/agent";
import { startEmbeddingServer } from "@roost/agent/testing";
import { correctText, readCorrections } from "../facts/corrections.ts";
import { remember } from "../notes/remember.ts";
import { createTestMemory } from "../testing/create-test-memory.ts";
import { embedLines } from "./embed-lines.ts";
import { findStaleLines } from "./find-stale-lines.ts";
import { refreshRecall } from "./refresh-recall.ts";
import { splitMarkdown } from "./split-markdown.ts";

const as = { kind: "main" as const };
const line = "My sister has moved to the coast.";
const notes = Array.from({ length: 100 }, (_, n) => `- Entry ${n} of the garden: ${"weeds ".repeat(n % 5)}`);
const files = {
  "USER.md": `# Family\n\n${line}\n\nMy sister likes tea.\n\nAt the coast the ferry is late.\n\nAnna sings. She is at home in Munich.\n`,
  "memory/2026-03-01.md": `# 2026-03-01\n\n${notes.join("\n")}\n`,
};
const same = [
  ["anna", "sister"],
  ["lives", "moved"],
  ["kiel", "coast"],
];

/** The notices of what was found after "Anna lives in Kiel" was corrected, and the lines of USER.md that have a note. */
async function correct({ withVectors, status, more = "" }: { withVectors: boolean; status?: number; more?: string }) {
  const text = `${files["USER.md"]}${more}`;
  await using server = await startEmbeddingServer({ same, corner: 0.5 });
  await using home = await createTestMemory({ files: { ...files, "USER.md": text } });
  const embedder = createEmbedder({ baseUrl: server.url, model: "one" });
  const memory = withVectors ? { ...home.memory, embedder } : home.memory;
  const say = (value: string) =>
    remember(memory, {
      text: `Anna lives in ${value}`,
      parts: { subject: "Anna", attribute: "lives in", value },
      as,
      by: "session:main",
    });
  await say("Kiel");
  await refreshRecall(memory);
  if (withVectors) assert.equal(await embedLines(memory, embedder), "done");
  await say("Munich");
  const before = server.requests.flat().length;
  server.status = status;
  assert.equal(await findStaleLines(memory), false);
  const corrections = await readCorrections(home.kernel.database, as);
  return {
    asked: server.requests.flat().slice(before),
    notices: (await home.events("notices")).map(({ data }) => String(data["text"])),
    noted: text.split("\n").filter((each) => correctText(each, corrections) !== each),
    notedPieces: splitMarkdown(text)
      .map((piece) => piece.text)
      .filter((each) => correctText(each, corrections) !== each),
  };
}

test("findStaleLines() finds by vectors a line that shares no word with what was corrected, and no other of its words", async () => {
  const { notices, noted, asked } = await correct({ withVectors: true });
  assert.match(notices.join("\n"), /of Anna was corrected, .*: USER\.md line 3\. /);
  assert.deepEqual(noted, [line]);
  assert.deepEqual(asked, ["Anna lives in Kiel", "Anna lives in Munich"], "two texts a correction");
});

test("findStaleLines() notes of a paragraph of one long line the piece that says it, and no other", async () => {
  const other = "The roof of the barn needs new tiles before winter.";
  const paragraph = `${`${line} `.repeat(17)}${`${other} `.repeat(8)}`.trim();
  const [first, second, ...rest] = splitMarkdown(paragraph).map(({ text }) => text);
  assert.ok(first?.startsWith(line) && second?.endsWith(other) && rest.length === 0);
  const { notedPieces } = await correct({ withVectors: true, more: `\n${paragraph}\n` });
  assert.deepEqual(notedPieces, [line, first]);
});

test("findStaleLines() goes by words alone where there are no vectors, or none can be had now", async () => {
  for (const how of [{ withVectors: false }, { withVectors: true, status: 503 }])
    assert.deepEqual((await correct(how)).noted, [], JSON.stringify(how));
});
