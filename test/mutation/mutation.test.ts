/** The mutants of mutation.long.test.ts and the code, the tests and the page that they name are in step. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { mutants } from "./mutants.ts";

test("docs/chaos.md has a row for each mutant and the tests that notice it", async () => {
  const document = await read("docs/chaos.md");
  for (const { name, kills } of mutants) {
    const row = document.split("\n").find((line) => line.startsWith(`| ${name} |`));
    assert.ok(row, `docs/chaos.md has no row that begins with "| ${name} |"`);
    for (const title of kills) assert.ok(row.includes(title), `the row of "${name}" does not name the test "${title}"`);
  }
});

test("each mutant fits the code and names a file of tests", async () => {
  for (const { name, edits, tests, kills } of mutants) {
    for (const { file, find, count } of edits) {
      const found = (await read(file)).split(find).length - 1;
      assert.equal(found, count, `"${name}": ${file} has this ${found} times, not ${count}: ${find}`);
    }
    const source = await read(tests);
    assert.ok(kills.length > 0 && source.includes("node:test"), `"${name}": ${tests} holds no tests`);
  }
});

function read(file: string): Promise<string> {
  return readFile(new URL(`../../${file}`, import.meta.url), "utf8");
}
