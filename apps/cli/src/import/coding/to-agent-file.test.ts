import assert from "node:assert/strict";
import { test } from "node:test";
import { parseAgentFile } from "@roost/jobs/agent-files";
import { toAgentFile } from "./to-agent-file.ts";

test("toAgentFile() writes keys only for what the file of the other program says", () => {
  assert.deepEqual(toAgentFile("Be brief.\n"), { text: "Be brief.\n", kept: {}, notes: [] });
  const { text, kept } = toAgentFile("---\ndescription: Reviews code\ntools: Read\ncolor: red\n---\nBe brief.\n");
  assert.match(text, /^---\ntitle: Reviews code\n[^]*---\n\nBe brief\.\n$/);
  assert.doesNotMatch(text, /exec|undefined|null/);
  assert.equal(kept["color"], "red");
  const long = `Use this for reviews: ${"of all kinds, ".repeat(20)}and no others`;
  const converted = toAgentFile(`---\ndescription: "${long}"\n---\nBe brief.\n`);
  assert.deepEqual(parseAgentFile("agents/reviewer.md", converted.text).definition.description, long);
});
