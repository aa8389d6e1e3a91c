/** The tables of keys in the documents are those of the schemas. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { NamedJobDefinition } from "@roost/contract/operations";
import { parseJobDocuments } from "@roost/jobs/files";
import { parseSettings } from "@roost/memory/settings";
import { readReferences } from "../scripts/docs/write-references.ts";

/** The formatter aligns columns: what is said is compared, not how it is spaced. */
const words = (text: string) => text.replaceAll(/[\s|-]+/g, " ");

for (const { file, written, current } of await readReferences()) {
  test(`${file.pathname.split("/").at(-1)} says what its schema says`, () => {
    assert.ok(written.includes("<!-- keys -->"), "it has no place for its keys");
    assert.equal(words(written), words(current), "the schema has changed: npm run docs");
  });
}

/** The examples of a document in the language that its fences name. */
async function examplesOf(file: string): Promise<string[]> {
  const text = await readFile(new URL(`../docs/${file}`, import.meta.url), "utf8");
  return [...text.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, example]) => example ?? "");
}

test("docs/security.md names tests that there are", async () => {
  const text = await readFile(new URL("../docs/security.md", import.meta.url), "utf8");
  const rows = text.split("\n").filter((line) => /^\| (?:ASI|LLM)\d\d /.test(line));
  assert.equal(rows.length, 20, "both lists have ten");
  for (const row of rows) {
    const named = [...row.matchAll(/\[([^\]]+)\]\((\.\.\/[^)]+\.test\.ts)\)/g)];
    assert.ok(named.length > 0, row.slice(0, 40));
    for (const [, title = "", path = ""] of named) {
      const titles = (await readFile(new URL(`../docs/${path}`, import.meta.url), "utf8")).match(
        /test\(\s*["`][^"`]+/g,
      );
      assert.ok(titles?.some((each) => each.includes(title)) === true, `${path} has no test "${title}"`);
    }
  }
});

test("docs/jobs.md has three jobs that are ones", async () => {
  const examples = await examplesOf("jobs.md");
  assert.equal(examples.length, 3);
  for (const example of examples)
    for (const job of parseJobDocuments(example)) assert.ok(NamedJobDefinition.strict().parse(job).id.length > 0);
});

test("docs/settings.md and docs/models.md have settings that are ones", async () => {
  const examples = [...(await examplesOf("settings.md")), ...(await examplesOf("models.md"))];
  assert.ok(examples.length > 3);
  for (const example of examples) assert.ok(parseSettings(example, "roost.yaml"));
});
