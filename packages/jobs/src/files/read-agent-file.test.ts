import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { readAgentFile } from "./read-agent-file.ts";

async function read(text: string, name = "poster.md") {
  const directory = await mkdtemp(join(tmpdir(), "roost-agents-"));
  try {
    await writeFile(join(directory, name), text);
    return await readAgentFile(join(directory, name));
  } finally {
    await rm(directory, { recursive: true });
  }
}

test("readAgentFile() takes keys and instructions, either alone, and lines of dashes in the instructions", async () => {
  const full =
    "---\ntitle: Posts\nmodel: large\ntools: [notify]\nservices: [garden]\nbudget: { usdMax: 2 }\n---\n\nPost daily.\n\n---\n\nBriefly.\n";
  assert.deepEqual(await read(full), {
    id: "poster",
    definition: {
      title: "Posts",
      prompt: "Post daily.\n\n---\n\nBriefly.",
      model: "large",
      tools: ["notify"],
      services: ["garden"],
      budget: { usdMax: 2 },
    },
  });
  assert.deepEqual((await read("Only words.\n")).definition, { prompt: "Only words." });
  assert.deepEqual((await read("---\r\nmodel: small\r\n---\r\n")).definition, { model: "small" });
  assert.deepEqual((await read("")).definition, {});
});

test("readAgentFile() says what is wrong, and which key was meant", async () => {
  const rows: [text: string, says: RegExp, name?: string][] = [
    ["---\nmodle: large\n---\nx", /modle is not a key of an agent: did you mean model\?/],
    ["---\nbudget: { usdmax: 1 }\n---\nx", /budget\.usdmax is not a key of an agent: did you mean usdMax\?/],
    ["---\ntools: notify\n---\nx", /tools: /],
    ["---\nprompt: x\n---\ny", /the instructions stand below the keys/],
    ["---\n- a\n- b\n---\ny", /no YAML mapping/],
    ["---\nmodel: [\n---\ny", /./],
    ["x", /its name: must be 1 to 63/, "Not Fine.md"],
  ];
  for (const [text, says, name] of rows)
    await assert.rejects(read(text, name), { code: "invalid_input", message: says }, text);
});
