import assert from "node:assert/strict";
import { test } from "node:test";
import { parseAgentFile } from "./read-agent-file.ts";

const read = (text: string, name = "poster.md") => parseAgentFile(name, text);

test("parseAgentFile() takes keys and instructions, either alone, and lines of dashes in the instructions", () => {
  const full =
    "---\ntitle: Posts\nmodel: large\ntools: [notify]\nservices: [garden]\nbudget: { usdMax: 2 }\n---\n\nPost daily.\n\n---\n\nBriefly.\n";
  assert.deepEqual(read(full), {
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
  assert.deepEqual(read("Only words.\n").definition, { prompt: "Only words." });
  assert.deepEqual(read("---\r\nmodel: small\r\n---\r\n").definition, { model: "small" });
  assert.deepEqual(read("").definition, {});
});

test("parseAgentFile() says what is wrong, and which key was meant", () => {
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
    assert.throws(() => read(text, name), { code: "invalid_input", message: says }, text);
});
