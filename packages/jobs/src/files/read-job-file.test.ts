import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { listDefinitionFiles, parseJobDocuments, readJobFile } from "./read-job-file.ts";

test("parseJobDocuments() takes several documents, lists and JSON", () => {
  assert.deepEqual(parseJobDocuments("id: a\n---\n- id: b\n- id: c\n---\n# nothing\n"), [
    { id: "a" },
    { id: "b" },
    { id: "c" },
  ]);
  assert.deepEqual(parseJobDocuments('{"id":"d"}'), [{ id: "d" }]);
  assert.deepEqual(parseJobDocuments("# nothing\n"), []);
});

test("parseJobDocuments() refuses what is no YAML, and aliases that multiply", () => {
  assert.throws(() => parseJobDocuments("id: ["), { code: "invalid_input" });
  const bomb = [
    "a: &a [x, x, x, x, x, x, x, x, x]",
    ..."bcdefg".split("").map((name, index) => `${name}: &${name} [${`*${"abcdef"[index]}, `.repeat(9)}]`),
  ];
  assert.throws(() => parseJobDocuments(bomb.join("\n")), {
    code: "invalid_input",
    message: /aliases cannot be resolved/,
  });
});

test("readJobFile() and listDefinitionFiles() take what is there, up to a size", async () => {
  const directory = await mkdtemp(join(tmpdir(), "roost-jobs-"));
  try {
    for (const name of ["b.yml", "a.yaml", "c.JSON", ".hidden.yaml", "notes.txt"])
      await writeFile(join(directory, name), "id: x\n");
    assert.deepEqual(await listDefinitionFiles(directory), ["a.yaml", "b.yml", "c.JSON"]);
    assert.deepEqual(await listDefinitionFiles(directory, { endings: ["yaml", "yml"] }), ["a.yaml", "b.yml"]);
    assert.deepEqual(await readJobFile(join(directory, "a.yaml")), [{ id: "x" }]);
    await writeFile(join(directory, "big.yaml"), "#".repeat(1_048_577));
    await assert.rejects(readJobFile(join(directory, "big.yaml")), { code: "limit_exceeded", message: /split it/ });
    await assert.rejects(readJobFile(join(directory, "none.yaml")), { code: "not_found" });
    await assert.rejects(readJobFile("/dev/null"), { code: "invalid_input", message: "it is no file" });
  } finally {
    await rm(directory, { recursive: true });
  }
});
