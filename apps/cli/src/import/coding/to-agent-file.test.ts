import assert from "node:assert/strict";
import { test } from "node:test";
import { parseAgentFile } from "@roost/jobs/agent-files";
import { toAgentFile } from "./to-agent-file.ts";

test("toAgentFile() writes a closed list: what the file names, or what there is here of all; and no key of which it says nothing", () => {
  const all = toAgentFile("Be brief.\n");
  const here = [
    "read_file",
    "write_file",
    "edit_file",
    "search_files",
    "list_files",
    "exec",
    "http_fetch",
    "delegate",
    "use_skill",
  ];
  assert.deepEqual(parseAgentFile("agents/a.md", all.text).definition, { tools: here, exec: {}, prompt: "Be brief." });
  assert.deepEqual([all.kept, all.notes], [{}, ["it has all tools there: its file names those that there are here"]]);
  const toolsOf = (keys: string) =>
    parseAgentFile("agents/a.md", toAgentFile(`---\n${keys}\n---\nx\n`).text).definition.tools;
  for (const keys of ["tools: *", 'tools: ["*"]']) assert.deepEqual(toolsOf(keys), here, keys);
  assert.deepEqual(toolsOf("disallowedTools: *"), []);
  assert.match(toAgentFile("---\n- tools\n---\nx\n").text, /^---\ntools: \[\]\n---\n/, "keys that cannot be read");
  const { text, kept } = toAgentFile("---\ndescription: Reviews code\ntools: Read\ncolor: red\n---\nBe brief.\n");
  assert.match(text, /^---\ntitle: Reviews code\n[^]*---\n\nBe brief\.\n$/);
  assert.doesNotMatch(text, /exec|undefined|null/);
  assert.equal(kept["color"], "red");
  const long = `Use this for reviews: ${"of all kinds, ".repeat(20)}and no others`;
  const converted = toAgentFile(`---\ndescription: "${long}"\n---\nBe brief.\n`);
  assert.deepEqual(parseAgentFile("agents/reviewer.md", converted.text).definition.description, long);
});
